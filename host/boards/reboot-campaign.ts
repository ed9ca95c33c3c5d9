/**
 * The main job on a board that runs the conformance application: power on, boot, open connections,
 * cut the power at a random or at a chosen instant (also inside a write, torn), again and again; and
 * yield what the device says as samples for the rules.
 *
 * Time on the stream is the bench's own clock plus the time that was skipped on both sides: power-off
 * pauses, and quiet time, which the firmware's counter can jump over.
 */
import { BenchError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import { PROVISION } from "../module/abi.ts";
import { Random } from "../sim/random.ts";
import type { BoardDescription } from "./board-description.ts";
import {
  type DeviceState,
  deviceState,
  provisionDevice,
  skipTime,
  startCommand,
  waitForHello,
} from "./conformance-device.ts";
import type { ConsoleEvent, ConsoleRecord } from "./console-record.ts";
import { ConsoleSamples, reasonName } from "./console-samples.ts";
import { ConsoleSession } from "./console-session.ts";
import type { PoweredBoard } from "./powered-board.ts";
import { type BootEnd, planBootEnd } from "./reboot-plan.ts";

export interface RebootCampaignOptions {
  readonly board: PoweredBoard;
  readonly description: BoardDescription;
  /** u32: decides all plans. What the device does in between depends on the machine's speed. */
  readonly seed: number;
  /** Reboots after the first power-on: the boots are 0 … reboots. */
  readonly reboots: number;
  /** The bench's clock in microseconds, monotonic. */
  readonly nowUs: () => number;
  /** Waits, in milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** The device's key, 16 random bytes from the host's own source; `random` hands them out. */
  readonly newKey: () => Uint8Array;
  /** Ends the campaign after the boot that runs, with the board switched off. */
  readonly signal?: AbortSignal;
  /** Told of lines that were damaged or lost on the console. */
  readonly onNote?: (note: string) => void;
}

/** The boot that finds its memory blank, as after the part was replaced. */
const STORAGE_LOST_BOOT = 5;
const GAP_US = 300;
/** A boot that should be torn in a write is cut after this many records if it never writes. */
const RECORDS_WITHOUT_WRITE = 160;
/** Power stays off for up to this long, on the stream's clock only. */
const OFF_MS_MAX = 5_000;

/**
 * Runs the campaign. Throws BenchError when the board, its emulator or its console fails. The board is
 * switched off and disposed of in any case.
 */
export async function* rebootCampaign(options: RebootCampaignOptions): AsyncGenerator<Sample> {
  const campaign = new Campaign(options);
  try {
    for (let boot = 0; boot <= options.reboots && !options.signal?.aborted; boot++) {
      await campaign.runBoot(boot);
      yield* campaign.out.splice(0);
    }
  } finally {
    await options.board.dispose();
  }
}

class Campaign {
  readonly out: Sample[] = [];
  readonly #options: RebootCampaignOptions;
  readonly #random: Random;
  readonly #samples: ConsoleSamples;
  #session: ConsoleSession | undefined;
  #skippedUs = 0;
  #boot = 0;
  #cause = "power-on";
  #bootUs = 0;
  /** The device was told to reset, so its hello is not a surprise. */
  #helloDue = false;
  #expectedRefusal: string | undefined;

  constructor(options: RebootCampaignOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#samples = new ConsoleSamples(options.description.nvm.enduranceCycles);
  }

  async runBoot(boot: number): Promise<void> {
    const random = this.#random.split("boot", boot);
    const lost = boot === STORAGE_LOST_BOOT;
    const end = lost
      ? ({ kind: "power-cut", records: 40 } as const)
      : planBootEnd(random, boot, this.#options.description.nvm.granule);
    this.#boot = boot;
    this.#samples.booted();
    this.#expectedRefusal = undefined;
    if (lost) await this.#loseStorage();
    const session = await this.#start(random);
    const state = await this.#bootDevice(session, end);
    if (state !== undefined) await this.#work(session, end, state);
    if (end.kind === "reset" && state !== undefined) return;
    await this.#cutPower(state === undefined || end.kind.startsWith("torn") ? "torn" : "power-cut");
  }

  get #nowUs(): number {
    return Math.round(this.#options.nowUs()) + this.#skippedUs;
  }

  async #start(random: Random): Promise<ConsoleSession> {
    const running = this.#session;
    if (running !== undefined) return running;
    this.#skippedUs += random.int(0, OFF_MS_MAX) * 1000;
    this.#bootUs = this.#nowUs;
    const console = await this.#options.board.powerOn();
    const session = new ConsoleSession(console, { onEvent: (event) => this.#take(event) });
    this.#session = session;
    this.#helloDue = true;
    await waitForHello(session);
    return session;
  }

  /** Boots the module. Undefined when the power was cut in the middle of it. */
  async #bootDevice(session: ConsoleSession, end: BootEnd): Promise<DeviceState | undefined> {
    const command = startCommand({ mslMs: this.#options.description.mslMs });
    if (end.kind === "torn-boot") await this.#setTear(session, end);
    if (end.kind === "cut-while-booting") {
      session.send(command);
      await this.#options.sleep(end.delayMs);
      this.#noteBoot(undefined);
      return undefined;
    }
    const answer = await session.command(command, (record) => record.type === "torn");
    if (answer.type === "torn") {
      this.#noteBoot(undefined);
      return undefined;
    }
    const state = deviceState(answer);
    this.#noteBoot(state.boots);
    return state;
  }

  async #work(session: ConsoleSession, end: BootEnd, state: DeviceState): Promise<void> {
    if (state.state === "unprovisioned") await this.#provision(session);
    else if (state.state !== "ready") this.#refuse(state);
    if (end.kind === "torn-run") await this.#setTear(session, end);
    const last =
      end.kind === "power-cut" || end.kind === "reset" ? end.records : RECORDS_WITHOUT_WRITE;
    let seen = 0;
    const enough = session.record(
      (record) => ++seen >= last || record.type === "torn" || record.type === "hello",
      "the records of the device at work",
    );
    session.send({ do: "run", "gap-us": GAP_US });
    await enough;
    if (end.kind !== "reset") return;
    this.#helloDue = true;
    this.#cause = "reset";
    const hello = waitForHello(session);
    session.send({ do: "reset" });
    await hello;
  }

  async #setTear(session: ConsoleSession, end: { program: number; bytes: number }): Promise<void> {
    await session.command({ do: "fault", kind: 3, after: end.program, bytes: end.bytes });
  }

  /** The production line at the first boot; the service desk after a loss, with quiet time owed. */
  async #provision(session: ConsoleSession): Promise<void> {
    const { mslMs } = this.#options.description;
    const first = this.#boot === 0;
    const options = first ? PROVISION.newDevice : 0;
    const answer = await provisionDevice(session, this.#options.newKey(), options);
    const state = deviceState(answer);
    if (first || state.state !== "quiet") return;
    // What the device is asked during quiet time it has to refuse.
    this.#expectedRefusal = "quiet";
    const over = session.record(({ type }) => type === "run-over", "the end of a refused run");
    await session.command({ do: "run", count: 1 });
    await over;
    await skipTime(session, 2 * mslMs);
    this.#skippedUs += 2 * mslMs * 1000;
    this.#expectedRefusal = undefined;
  }

  async #loseStorage(): Promise<void> {
    if (this.#session !== undefined) await this.#cutPower("power-cut");
    const { sectorBytes, sectors } = this.#options.description.nvm;
    await this.#options.board.replaceStorage(new Uint8Array(sectorBytes * sectors).fill(0xff));
    this.out.push({ kind: "storage-lost", boot: this.#boot, timeUs: this.#nowUs });
  }

  async #cutPower(cause: string): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#cause = cause === "torn" ? "power-cut" : cause;
    await this.#options.board.powerOff();
    // What was sent before the cut still counts.
    await session?.over;
  }

  #noteBoot(boots: number | undefined): void {
    const boot = {
      kind: "boot",
      boot: this.#boot,
      timeUs: this.#bootUs,
      requested: this.#boot > 0,
      cause: this.#cause,
    } as const;
    this.out.push(
      boots === undefined || boots === 0 ? boot : { ...boot, persistedBootCount: boots },
    );
  }

  #refuse(state: DeviceState): void {
    this.out.push({
      kind: "refused",
      boot: this.#boot,
      timeUs: this.#nowUs,
      call: "boot",
      reason: reasonName(state.reason),
      expected: false,
    });
  }

  #take(event: ConsoleEvent): void {
    if (event.kind === "damaged") this.#note(`a line of the console is damaged: ${event.text}`);
    else if (event.kind === "gap")
      this.#note(`console records ${event.first}–${event.last} are lost`);
    else this.#takeRecord(event.record);
  }

  #takeRecord(record: ConsoleRecord): void {
    if (record.type === "hello") {
      if (!this.#helloDue) {
        throw new BenchError(
          "device-restarted",
          `the device restarted by itself in boot ${this.#boot} (cause: ${record.fields.get("cause") ?? "unknown"})`,
          "look at its console with `isnkit monitor`: a fault handler or a watchdog restarted it",
        );
      }
      this.#helloDue = false;
      this.#bootUs = this.#nowUs;
      return;
    }
    const sample = this.#samples.sample(record, {
      boot: this.#boot,
      timeUs: this.#nowUs,
      ...(this.#expectedRefusal === undefined ? {} : { expectedRefusal: this.#expectedRefusal }),
    });
    if (sample !== undefined) this.out.push(sample);
  }

  #note(text: string): void {
    this.#options.onNote?.(`boot ${this.#boot}: ${text}`);
  }
}
