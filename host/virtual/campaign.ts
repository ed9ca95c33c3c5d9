/**
 * The main job: reboots a virtual board again and again, with power cuts at any instant and inside
 * any memory operation, and yields what is seen as samples for the rules.
 */
import { UsageError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { BootSample, Sample } from "../core/sample.ts";
import type { Workload } from "../core/workload.ts";
import { DEFAULT_BOARD, VirtualBoard } from "./board.ts";
import { type BootPlan, type PlanMemory, planBoot, planCut } from "./boot-plan.ts";
import { Client, localAddress } from "./client.ts";
import type { BoardSettings, Device, DeviceFactory } from "./device.ts";
import { type EntropyKind, entropySource } from "./entropy.ts";
import {
  type ClientWorkload,
  clientWorkload,
  followedPlan,
  reserveBound,
} from "./followed-workload.ts";
import { isnkitDevice } from "./isnkit-device.ts";
import { createNvm, type NvmPart, PowerCut } from "./nvm.ts";
import { PromiseBudget } from "./promise-budget.ts";
import { ServiceDesk } from "./service-desk.ts";
import { SimulatedTime } from "./time.ts";
import { ZOO, type ZooMember } from "./zoo/index.ts";

export interface CampaignOptions {
  /** `isnkit`, or the name of a bad generator from the zoo. */
  readonly generator: string;
  /** u32; the same seed gives the same stream on any machine. */
  readonly seed: number;
  /** Reboots after the first power-on, so the boots are 0 … reboots. */
  readonly reboots: number;
  /** The compiled module; the generators run on it or spoil it. */
  readonly wasm?: WebAssembly.Module;
  /** Stands in for isnkit's module, as the honest device that the generators build on. */
  readonly honest?: DeviceFactory;
  readonly settings?: BoardSettings;
  /** What a campaign file says of the client; absent: servers, numbers and times of the plan. */
  readonly workload?: Workload;
  readonly entropy?: EntropyKind;
  /** The memory to run on, for those who look into it afterwards; it must fit `settings.storage`. */
  readonly nvm?: NvmPart;
}

/** Name of the generator that runs isnkit's own module. */
export const HONEST = "isnkit";
/** The first boot that finds its memory replaced, and how often that comes back. */
const FIRST_LOSS = 10;
const LOSS_EVERY = 200;
const NVM_SAMPLE_EVERY = 100;
/** Power-ons that may be cut during one boot's recovery. */
const STARTS_CUT_MAX = 4;
/** A refusal for quiet time is no longer due this long after it should be over. */
const QUIET_SLACK_US = 10_000_000;
/**
 * Runs a campaign. Boot i depends on the seed and the boots before it, never on how many follow, so
 * `reboots: k` replays what was found at boot k. Throws UsageError for an unknown generator.
 */
export function* virtualBoardSamples(options: CampaignOptions): Generator<Sample> {
  const campaign = new Campaign(options);
  for (let boot = 0; boot <= options.reboots; boot++) {
    campaign.runBoot(boot);
    if (boot % NVM_SAMPLE_EVERY === 0 || boot === options.reboots) campaign.sampleNvm(boot);
    yield* campaign.out;
    campaign.out.length = 0;
  }
}

/** What a start came to: a device that runs, and until when it may keep quiet. */
interface Started {
  readonly device: Device;
  readonly bootedUs: number;
  readonly quietUntilUs: number;
}

class Campaign {
  readonly out: Sample[] = [];
  readonly #settings: BoardSettings;
  readonly #workload: Workload;
  readonly #clientWorkload: ClientWorkload;
  readonly #factory: DeviceFactory;
  readonly #random: Random;
  readonly #time = new SimulatedTime();
  readonly #board: VirtualBoard;
  readonly #budget: PromiseBudget;
  readonly #memory: PlanMemory = { loopLeft: 0, comeback: false };
  readonly #desk = new ServiceDesk({
    provision: (device, newDevice) => this.#provision(device, newDevice),
  });
  #lastEnd: "power-on" | "power-cut" | "reset" = "power-on";
  #writes = 0;
  #bootRandom: Random;

  constructor(options: CampaignOptions) {
    if (!Number.isInteger(options.reboots) || options.reboots < 0) {
      throw new UsageError(
        "bad-reboots",
        `${options.reboots} is no number of reboots`,
        "give a whole number of at least 0",
      );
    }
    this.#workload = options.workload ?? {};
    this.#clientWorkload = clientWorkload(this.#workload, localAddress);
    this.#settings = reserveBound(options.settings ?? DEFAULT_BOARD, this.#workload);
    this.#factory = deviceFactory(options);
    this.#random = new Random(options.seed);
    this.#bootRandom = this.#random;
    this.#board = new VirtualBoard({
      time: this.#time,
      nvm: options.nvm ?? createNvm(this.#settings.storage, this.#random.split("nvm")),
      entropy: entropySource(options.entropy ?? "good", this.#random.split("entropy")),
      counterHz: this.#settings.counterHz,
    });
    const { ports, mslMs } = this.#settings;
    const reserved = ports.reserved.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const usable = ports.last - ports.first + 1 - reserved;
    this.#budget = new PromiseBudget(2 * mslMs * 1000, usable);
  }

  /** One boot: time off, power-on, recovery (cut short now and then), the client, the end. */
  runBoot(boot: number): void {
    const random = this.#random.split("boot", boot);
    this.#bootRandom = random;
    const lost = this.#storageLostAt(boot);
    const own = planBoot(random, this.#memory, this.#desk.quietOwed || lost);
    const planned = followedPlan(own, this.#workload, random.split("workload", 0));
    // The first loss goes undisturbed, so that short runs see quiet time from its start as well.
    const plan = boot === FIRST_LOSS ? { ...planned, cut: undefined } : planned;
    this.#time.advance(plan.offUs);
    const { uptimeUs, connections } = plan;
    this.#time.advance(this.#budget.waitUs(this.#time.nowUs, uptimeUs, connections));
    if (lost) this.#loseStorage(boot);
    const { nowUs } = this.#time;
    const started = this.#start(boot, random, plan);
    const aheadBytesMax = Math.min(2 ** 25, this.#budget.roomBytes(nowUs, uptimeUs));
    const { device, quietUntilUs } = started;
    const client = new Client({
      device,
      time: this.#time,
      random,
      boot,
      plan,
      emit: (sample) => this.out.push(sample),
      aheadBytesMax,
      refusalDue: (reason) => reason === "quiet" && this.#time.nowUs < quietUntilUs,
      workload: this.#clientWorkload,
    });
    this.#lastEnd = plan.end;
    try {
      client.run(started.bootedUs);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.#lastEnd = "power-cut";
    }
    client.cutOff();
    if (client.served) this.#desk.quietOwed = false;
    this.#board.nvm.armCut(undefined);
    this.#writes += device.wear().writes;
    this.#budget.spend(
      this.#time.nowUs,
      this.#time.nowUs - nowUs,
      client.aheadBytes,
      client.opened,
    );
  }

  sampleNvm(boot: number): void {
    const { sectorErases } = this.#board.nvm;
    this.out.push({
      kind: "nvm",
      boot,
      timeUs: this.#time.nowUs,
      writes: this.#writes,
      erasesMax: this.#board.nvm.wearMax,
      enduranceCycles: this.#settings.storage.enduranceCycles,
      ...(sectorErases === undefined ? {} : { sectorErases }),
    });
  }

  /** Boot 10, and about every 200 boots after it. A device that stores nothing loses nothing. */
  #storageLostAt(boot: number): boolean {
    if (this.#desk.isNew || this.#board.nvm.operations === 0 || boot < FIRST_LOSS) return false;
    const round = Math.floor((boot - FIRST_LOSS) / LOSS_EVERY);
    const jitter = round === 0 ? 0 : this.#random.split("loss", round).int(0, LOSS_EVERY / 2);
    return boot === FIRST_LOSS + round * LOSS_EVERY + jitter;
  }

  #loseStorage(boot: number): void {
    this.#board.nvm.wipe(0xff);
    this.#desk.quietOwed = true;
    this.out.push({ kind: "storage-lost", boot, timeUs: this.#time.nowUs });
  }

  /** Powers on until a start gets through; power may fail during recovery and provisioning. */
  #start(boot: number, random: Random, plan: BootPlan): Started {
    this.#board.nvm.armCut(plan.cut);
    for (let cuts = 0; ; cuts++) {
      this.#board.powerOn(plan.counterStart);
      const powerOnUs = this.#time.nowUs;
      const device = this.#factory(this.#board, this.#settings);
      try {
        this.#time.advance(random.int(1_000, 5_000));
        device.boot();
        this.#desk.serve(device);
        this.#sampleBoot(boot, device);
        for (const reason of this.#desk.takeUndue()) this.#sampleBootRefusal(boot, reason);
        const quietUs = 2 * this.#settings.mslMs * 1000 + QUIET_SLACK_US;
        const quietUntilUs = this.#desk.quietOwed ? this.#time.nowUs + quietUs : 0;
        return { device, bootedUs: powerOnUs, quietUntilUs };
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        this.#writes += device.wear().writes;
        this.#lastEnd = "power-cut";
        this.#time.advance(random.int(50_000, 500_000));
        const again = cuts < STARTS_CUT_MAX && random.chance(0.5);
        this.#board.nvm.armCut(again ? planCut(random, 6) : undefined);
      }
    }
  }

  #provision(device: Device, newDevice: boolean): boolean {
    const key = new Uint8Array(16);
    this.#bootRandom.split("key", this.#board.nvm.operations).fill(key);
    return device.provision(key, { newDevice });
  }

  #sampleBoot(boot: number, device: Device): void {
    const { ready, bootCount } = device.status();
    const sample: BootSample = {
      kind: "boot",
      boot,
      timeUs: this.#time.nowUs,
      requested: boot > 0,
      cause: this.#lastEnd,
    };
    // Without a record of its own the count is that of an earlier boot.
    const durable = bootCount !== undefined && (ready || device.wear().writes > 0);
    this.out.push(durable ? { ...sample, persistedBootCount: bootCount } : sample);
  }

  #sampleBootRefusal(boot: number, reason: string): void {
    const timeUs = this.#time.nowUs;
    this.out.push({ kind: "refused", boot, timeUs, call: "boot", reason, expected: false });
  }
}

/** The generator of the zoo by its name; undefined for isnkit's own. UsageError for any other name. */
export function zooMember(generator: string): ZooMember | undefined {
  const member = ZOO.find((one) => one.name === generator);
  if (generator === HONEST || member !== undefined) return member;
  throw new UsageError(
    "unknown-generator",
    `the virtual board has no generator ${JSON.stringify(generator)}`,
    `use one of ${[HONEST, ...ZOO.map((one) => one.name)].join(", ")}`,
  );
}

/** The device under test: isnkit's module, or the generator of the zoo that spoils it. */
function deviceFactory(options: CampaignOptions): DeviceFactory {
  const { generator, wasm } = options;
  const member = zooMember(generator);
  const honest = options.honest ?? (wasm === undefined ? undefined : isnkitDevice(wasm));
  if (honest === undefined) {
    throw new UsageError(
      "module-missing",
      `the virtual board cannot run ${generator} without the compiled module`,
      "build it with `npm run build`, and hand it in as `wasm`",
    );
  }
  return member === undefined ? honest : member.factory(honest);
}
