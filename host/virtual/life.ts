/**
 * Carries out a life script: power on, recovery (cut short now and then), key, session, the end, and
 * so on; then faults stop, and every server has to be reached. Yields samples for the rules, and
 * counts which faults really happened.
 */

import { Random } from "../core/random.ts";
import type { Sample } from "../core/sample.ts";
import { VirtualBoard } from "./board.ts";
import type { Device, DeviceFactory } from "./device.ts";
import { entropySource } from "./entropy.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { cutsOf, FaultStrikes, type FaultTally, jumpUsOf } from "./fault-strikes.ts";
import type { BootScript, LifeScript } from "./life-script.ts";
import { createNvm, type NvmPart, type PowerCutPlan } from "./nvm.ts";
import { PromiseBudget } from "./promise-budget.ts";
import { Servers } from "./servers.ts";
import { ServiceDesk } from "./service-desk.ts";
import { Session } from "./session.ts";
import { SimulatedTime } from "./time.ts";

/** A refusal for quiet time is no longer due this long after it should be over. */
const QUIET_SLACK_US = 10_000_000;
/** Quiet time is sat out in steps of this, and the device is asked now and then all the same. */
const QUIET_STEP_US = 60_000_000;
/** After quiet time a connection has to stand within this, however the device is built. */
const CONNECT_US = 10_000_000;
/** Between two attempts on a bound tuple in the liveness phase. */
const RETRY_US = 3_000_000;
/** The longest that a server of the models keeps TIME_WAIT. */
const TIME_WAIT_US_MAX = 240_000_000;
/** What is seen of a life besides its samples. */
export interface LifeWitness {
  /** Power has come on, and nothing has run yet. */
  powered?(): void;
  /** A boot got through, and its end. */
  booted?(boot: number, timeUs: number): void;
  ended?(boot: number, timeUs: number, end: string): void;
  /** A fault has really struck. */
  struck?(kind: FaultKind, boot: number): void;
}

export class Life {
  powerOns = 0;
  readonly nvm: NvmPart;
  readonly #script: LifeScript;
  readonly #factory: DeviceFactory;
  readonly #emit: (sample: Sample) => void;
  readonly #witness: LifeWitness;
  readonly #time = new SimulatedTime();
  readonly #board: VirtualBoard;
  readonly #budget: PromiseBudget;
  readonly #far: Servers;
  readonly #twoMslUs: number;
  readonly #desk: ServiceDesk;
  readonly #strikes: FaultStrikes;
  #random: Random;
  #bootNow = 0;
  #lastEnd: "power-on" | "power-cut" | "reset" = "power-on";
  #writes = 0;
  #violations = 0;

  constructor(
    script: LifeScript,
    factory: DeviceFactory,
    emit: (sample: Sample) => void,
    witness: LifeWitness = {},
    nvm?: NvmPart,
  ) {
    this.#script = script;
    this.#factory = factory;
    this.#emit = emit;
    this.#witness = witness;
    this.#random = new Random(script.seed);
    const { board } = script;
    this.nvm = nvm ?? createNvm(board.storage, this.#random.split("nvm"));
    this.#board = new VirtualBoard({
      time: this.#time,
      nvm: this.nvm,
      entropy: entropySource(script.entropy, this.#random.split("entropy")),
      counterHz: board.counterHz,
    });
    this.#twoMslUs = 2 * board.mslMs * 1000;
    const reserved = board.ports.reserved.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const usable = board.ports.last - board.ports.first + 1 - reserved;
    this.#budget = new PromiseBudget(this.#twoMslUs, usable);
    const peers = script.servers.map(({ peer }) => peer);
    this.#far = new Servers(peers, this.#random.split("servers").seed, this.#twoMslUs);
    const onLost = () => this.#emitLost();
    const provision = (device: Device, isNew: boolean) => this.#provision(device, isNew);
    this.#desk = new ServiceDesk({ provision, onLost });
    this.#strikes = new FaultStrikes({
      board: this.#board,
      nvm: this.nvm,
      time: this.#time,
      desk: this.#desk,
      onStruck: (kind, boot) => this.#witness.struck?.(kind, boot),
      onLost,
    });
  }

  get faults(): FaultTally {
    return this.#strikes.tally;
  }

  get timeUs(): number {
    return this.#time.nowUs;
  }

  run(): void {
    for (const boot of this.#script.boots) {
      if (boot.liveness) this.#runLiveness(boot);
      else this.#runBoot(boot);
    }
  }

  #runBoot(boot: BootScript): void {
    this.#random = new Random(boot.seed);
    this.#bootNow = boot.index;
    this.#wait(boot);
    this.#strikes.atRest(boot, this.#random);
    const fromUs = this.#time.nowUs;
    const device = this.#start(boot, cutsOf(boot.faults));
    const session = this.#sessionOf(boot, device, fromUs);
    this.#lastEnd = boot.end;
    try {
      this.#sitOutQuiet(boot, device, session);
      const startUs = this.#time.nowUs;
      session.run(startUs, startUs + boot.uptimeUs, this.#strikes.timed(boot));
      if (boot.end === "power-cut") this.#strikes.struck("power-cut", boot.index);
    } catch (error) {
      this.#noteCut(error, boot.index);
    }
    this.#endBoot(boot, device, session, fromUs);
  }

  #endBoot(boot: BootScript, device: Device, session: Session, fromUs: number): void {
    session.cutOff();
    this.#strikes.disarm(boot.index);
    this.#witness.ended?.(boot.index, this.#time.nowUs, this.#lastEnd);
    if (session.served) this.#desk.quietOwed = false;
    this.#writes += device.wear().writes;
    const spentUs = this.#time.nowUs - fromUs + jumpUsOf(boot);
    this.#budget.spend(this.#time.nowUs, spentUs, session.aheadBytes, session.opened);
    this.#emitViolations(boot.index);
    if (boot.index % NVM_SAMPLE_EVERY === 0) this.#sampleNvm(boot.index);
  }

  /** Faults have stopped: the device gets what it needs, and reaches every server in time. */
  #runLiveness(boot: BootScript): void {
    this.#random = new Random(boot.seed);
    this.#bootNow = boot.index;
    this.#wait(boot);
    const sinceUs = this.#time.nowUs;
    const device = this.#start(boot, []);
    const session = this.#sessionOf(boot, device, sinceUs);
    this.#sitOutQuiet(boot, device, session);
    const { servers } = this.#script;
    for (let server = 0; server < servers.length; server++) {
      const bound = servers[server]?.boundPort !== undefined;
      // A server may refuse a bound tuple by its nature for as long as its TIME_WAIT lasts.
      const limitUs = this.#twoMslUs + CONNECT_US + (bound ? TIME_WAIT_US_MAX : 0);
      this.#reach(boot, session, server, sinceUs, limitUs);
    }
    this.#lastEnd = "power-cut";
    this.#endBoot(boot, device, session, sinceUs);
    this.#sampleNvm(boot.index);
  }

  #reach(
    boot: BootScript,
    session: Session,
    server: number,
    sinceUs: number,
    limitUs: number,
  ): void {
    const to = this.#script.servers[server];
    if (to === undefined) return;
    let connected = false;
    let port = to.boundPort ?? 0;
    while (!connected && this.#time.nowUs < sinceUs + limitUs) {
      const attempt = session.reach(server);
      connected = attempt.connected;
      port = attempt.port;
      if (!connected) session.run(this.#time.nowUs, this.#time.nowUs + RETRY_US, []);
    }
    this.#emit({
      kind: "liveness",
      boot: boot.index,
      timeUs: this.#time.nowUs,
      tuple: {
        localAddress: to.to.local.text,
        localPort: port,
        remoteAddress: to.to.remote.text,
        remotePort: to.to.remotePort,
      },
      connected,
      sinceUs,
      limitUs,
    });
  }

  /** Time off, and as much more as the promise of the leased clock needs (promise-budget.ts). */
  #wait(boot: BootScript): void {
    const { offUs, uptimeUs, connections } = boot;
    this.#time.advance(offUs);
    const opens = Math.max(connections.length, 8);
    this.#time.advance(this.#budget.waitUs(this.#time.nowUs, uptimeUs + jumpUsOf(boot), opens));
  }

  /** Powers on until a start gets through; power may fail during recovery and provisioning. */
  #start(boot: BootScript, cuts: readonly PowerCutPlan[]): Device {
    this.#strikes.arm(boot);
    for (let next = 0; ; ) {
      this.nvm.armCut(cuts[next++]);
      this.#board.powerOn(boot.counterStart);
      this.powerOns++;
      this.#witness.powered?.();
      const device = this.#factory(this.#board, this.#script.board);
      try {
        this.#time.advance(this.#random.int(1_000, 5_000));
        device.boot();
        this.#desk.serve(device);
        this.#sampleBoot(boot.index, device);
        this.#strikes.booted(device.status().ready);
        this.#witness.booted?.(boot.index, this.#time.nowUs);
        return device;
      } catch (error) {
        this.#noteCut(error, boot.index);
        this.#writes += device.wear().writes;
        this.#time.advance(this.#random.int(50_000, 500_000));
      }
    }
  }

  #emitLost(): void {
    this.#emit({ kind: "storage-lost", boot: this.#bootNow, timeUs: this.#time.nowUs });
  }

  #provision(device: Device, newDevice: boolean): boolean {
    const { selfProvision, entropy } = this.#script;
    if (selfProvision) {
      if (entropy !== "good") {
        const kind = entropy === "stuck" ? "entropy-stuck" : "entropy-repeated";
        this.#strikes.struck(kind, this.#bootNow);
      }
      const provisioned = device.provisionSelf({ newDevice });
      if (provisioned && entropy === "stuck") {
        this.#desk.noteUndue("stuck entropy was taken for a key");
      }
      if (provisioned) return true;
      if (!entropyRefused(device)) return false;
    }
    const key = new Uint8Array(16);
    this.#random.split("key", this.nvm.operations).fill(key);
    return device.provision(key, { newDevice });
  }

  #sitOutQuiet(boot: BootScript, device: Device, session: Session): void {
    if (!boot.sitsOutQuiet || device.status().refusing !== "quiet") return;
    // As an application that tries again and again; the device follows its own clock.
    const endUs = this.#time.nowUs + this.#twoMslUs + QUIET_SLACK_US / 2;
    while (this.#time.nowUs < endUs) {
      const leftUs = Math.min(QUIET_STEP_US, endUs - this.#time.nowUs);
      const server = this.#random.int(0, this.#script.servers.length - 1);
      // If it talks already, whether it may is for the rule to say.
      if (session.reach(server).opened) return;
      session.sitOut(leftUs);
    }
  }

  #sessionOf(boot: BootScript, device: Device, fromUs: number): Session {
    const quietMayBe = this.#desk.quietOwed;
    let quietSinceUs: number | undefined;
    const spentUs = boot.uptimeUs + jumpUsOf(boot);
    const session: Session = new Session({
      device,
      time: this.#time,
      boot,
      servers: this.#script.servers,
      far: this.#far,
      emit: this.#emit,
      aheadBytesMax: Math.min(2 ** 25, this.#budget.roomBytes(fromUs, spentUs)),
      counterStepUs: 1_000_000 / this.#script.board.counterHz,
      storageMayFail: () => this.#desk.writesFail,
      refusalDue: (reason) => {
        if (reason === "storageFailed" && session.overdue) return true;
        if (reason !== "quiet") return this.#desk.isDue(reason);
        // Storage that failed at boot has been read after all.
        this.#desk.missedRotted();
        quietSinceUs ??= this.#time.nowUs;
        const lastUs = quietSinceUs + this.#twoMslUs + QUIET_SLACK_US + session.lagUs;
        return quietMayBe && this.#time.nowUs < lastUs;
      },
    });
    return session;
  }

  #noteCut(error: unknown, boot: number): void {
    this.#strikes.cut(error, boot);
    this.#lastEnd = "power-cut";
  }

  #sampleBoot(boot: number, device: Device): void {
    const { ready, refusing, bootCount } = device.status();
    const timeUs = this.#time.nowUs;
    const requested = boot > 0;
    const sample = { kind: "boot", boot, timeUs, requested, cause: this.#lastEnd } as const;
    // A device whose storage fails, or which may not erase before its quiet time is over, has not made this
    // boot durable, and its count is that of another.
    const durable = ready || (refusing === "quiet" && device.wear().writes > 0);
    const counted = bootCount !== undefined && durable;
    this.#emit(counted ? { ...sample, persistedBootCount: bootCount } : sample);
    for (const reason of this.#desk.takeUndue()) {
      this.#emit({ kind: "refused", boot, timeUs, call: "boot", reason, expected: false });
    }
  }

  #emitViolations(boot: number): void {
    const { violations } = this.nvm;
    for (; this.#violations < violations.length; this.#violations++) {
      const one = violations[this.#violations];
      if (one === undefined) continue;
      const { kind, at } = one;
      this.#emit({ kind: "violation", boot, timeUs: this.#time.nowUs, what: kind, at });
    }
  }

  #sampleNvm(boot: number): void {
    this.#emit({
      kind: "nvm",
      boot,
      timeUs: this.#time.nowUs,
      writes: this.#writes,
      erasesMax: this.nvm.wearMax,
      enduranceCycles: this.#script.board.storage.enduranceCycles,
    });
  }
}

const NVM_SAMPLE_EVERY = 50;

function entropyRefused(device: Device): boolean {
  return device.status().refusing?.startsWith("entropy") ?? false;
}
