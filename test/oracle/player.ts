/** Plays a life on the module: the caller of docs/abi.md, on the memory of docs/fault-model.md, watched by the ledger. */
import { judgeNextNumbers, type Target } from "./ahead.ts";
import { Calls, PEERS, tupleOf } from "./calls.ts";
import {
  BYTES_PER_SECOND,
  type Connection,
  numberAt,
  stop,
  UNREPORTED,
  usedEnd,
} from "./connection.ts";
import { isDegraded, KeyWatch } from "./key-watch.ts";
import { Breach, judgeIsn, Ledger } from "./ledger.ts";
import type { Life, Setup, Step } from "./life.ts";
import { type Board, type Exports, type Machine, STATE, STATE_NAMES } from "./machine.ts";
import { BadAccess, Memory, PowerCut } from "./memory.ts";
import { PortBook } from "./port-book.ts";
import { Random } from "./random.ts";
import { TimeWaitBook } from "./time-wait-book.ts";

const FIXED_TUPLES = 6;
const PROBE_PORT = 39_999;
const TABLE_ENTRIES = 32;
const STORAGE_KINDS = { nor: 0, eeprom: 1, kv: 2 } as const;
const SLOT_COPY_BYTES = 32;
const LEAST_SLOTS = 3;
const REPLACE = 1;
const NEW_DEVICE = 2;
/** Rounding of the device's clock where a time is judged. */
const CLOCK_SLACK_SECONDS = 0.006;
/** How long good storage may take to be used again. */
const SETTLE_SECONDS = 20;
/** More than this past the clock, and no connection of this boot can have used it (docs/abi.md, reason 12). */
const FAR_AHEAD = 2 ** 30;

export interface Outcome {
  readonly operations: number;
  readonly boots: number;
  readonly breach:
    | { readonly kind: string; readonly detail: string; readonly step: number }
    | undefined;
  readonly struck: ReadonlyMap<string, number>;
  readonly refusedSetup: boolean;
}

/** Is told what happens, a line each. */
export type Trace = (line: string) => void;

/** Plays one life; made anew for each. */
class Play {
  private readonly machine: Machine;
  private readonly spare: Machine;
  private readonly setup: Setup;
  readonly memory: Memory;
  private readonly random: Random;
  private readonly ledger = new Ledger();
  private readonly keys: KeyWatch;
  private readonly ports: PortBook;
  private readonly timeWaits: TimeWaitBook;
  private connections: Connection[] = [];

  private on = false;
  private state: number = STATE.off;
  private now = 0;
  private polledAt = 0;
  private bootNumber = 0;
  private rottenBoot = 0;
  private passingAtBoot = 0;
  private entropyQuality = 0;
  private kept: Memory | undefined;
  /** Storage was hit by more than the promise of forward numbers covers. */
  private lossExcused: boolean;
  private quietExcused = false;

  operations = 0;
  boots = 0;
  refusedSetup = false;

  constructor(
    machine: Machine,
    spare: Machine,
    setup: Setup,
    private readonly trace?: Trace,
  ) {
    this.machine = machine;
    this.spare = spare;
    this.setup = setup;
    this.random = new Random(setup.litter + 77);
    this.memory = this.newMemory();
    this.lossExcused = setup.litter > 0 || setup.tornFailsReads;
    const held = (2 * setup.mslMs) / 1000 - CLOCK_SLACK_SECONDS - 1 / setup.hz;
    this.keys = new KeyWatch(held, setup.policy, setup.litter > 0);
    this.timeWaits = new TimeWaitBook(held);
    const lease = setup.leases?.[3] ?? 16;
    this.ports = new PortBook(setup.ports ?? [1024, 65535], lease, held, PEERS.length);
  }

  private newMemory(): Memory {
    const { geometry, flicker, tornFailsReads, tornPuts, programSeconds, eraseSeconds, litter } =
      this.setup;
    const memory = new Memory(geometry, this.random.seed());
    Object.assign(memory, { flicker, tornFailsReads, tornPuts, programSeconds, eraseSeconds });
    memory.onTime = (seconds) => this.elapse(seconds);
    if (litter > 0) memory.litter(litter);
    return memory;
  }

  // --- power ---

  private board(memory: Memory, counterStart: number): Board {
    const since = this.now;
    return {
      memory,
      ticks: () => Math.floor(counterStart + (this.now - since) * this.setup.hz) % 2 ** 32,
      entropy: (out) => {
        if (this.entropyQuality === 1) return 0;
        if (this.entropyQuality === 2) out.fill(0x55);
        else for (let i = 0; i < out.length; i++) out[i] = this.random.bits();
        return out.length;
      },
    };
  }

  private configure(x: Exports): boolean {
    const { geometry, hz, leases, ports, policy, mslMs, missing } = this.setup;
    const { kind, sectorBytes, sectors, granule } = geometry;
    if (missing !== "storage") {
      if (x.configureStorage(STORAGE_KINDS[kind], sectorBytes, sectors, granule) !== 1)
        return false;
      const slot = 2 * Math.max(SLOT_COPY_BYTES, granule);
      if (kind !== "kv" && sectorBytes < LEAST_SLOTS * slot) {
        throw new Breach("setting-accepted", `a sector of ${sectorBytes / slot} slots`);
      }
    }
    if (missing !== "clock" && x.configureClock(hz) !== 1) return false;
    return (
      (ports === undefined || x.configurePorts(...ports) === 1) &&
      (leases === undefined || x.configureLeases(...leases) === 1) &&
      x.configurePolicy(policy, mslMs) === 1
    );
  }

  private powerOff(): void {
    if (!this.on) return;
    this.keys.powerOff(this.now);
    for (const one of this.connections) this.ledger.use(one.key, one.tuple, usedEnd(one, this.now));
    this.connections = [];
    this.on = false;
    this.state = STATE.off;
  }

  private boot(): void {
    this.powerOff();
    this.bootNumber++;
    this.boots++;
    this.memory.powerOn();
    this.polledAt = this.now;
    this.keys.powerOn(this.now);
    this.timeWaits.powerOn();
    const counterStart = this.random.chance(0.5) ? 0 : this.random.bits();
    this.machine.reset(this.board(this.memory, counterStart));
    this.on = true;
    if (!this.configure(this.machine.exports)) {
      this.refusedSetup = true;
      return;
    }
    this.ledger.travel(this.jump);
    const passing = this.memory.passing;
    this.passingAtBoot = passing;
    this.call(({ boot }) => this.observe(boot() >>> 0));
    this.trace?.(`boot ${this.bootNumber}: ${this.on ? this.stateText : "power failed"}`);
    if (this.on && this.memory.passing === passing) {
      this.judgeBoot(this.state, this.machine.exports, "");
    }
  }

  /** The most that a boot moves the clock, as far as the documents tell. */
  private get jump(): number {
    const [, longest, guard] = this.setup.leases ?? [2 ** 20, 2 ** 26, 2 ** 18];
    return 2 * longest + 4 * guard + 2 ** 21;
  }

  /** Calls the device; undefined where power fails on the way. */
  private call<T>(action: (x: Exports) => T): T | undefined {
    this.operations++;
    try {
      return action(this.machine.exports);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.powerOff();
      return undefined;
    }
  }

  private get stateText(): string {
    const x = this.machine.exports;
    const at = `${this.now.toFixed(3)} s, ${this.memory.writes} writes`;
    return `${STATE_NAMES[this.state]}, reason ${x.reason()}, key ${x.fingerprint() >>> 0}, ${at}`;
  }

  private callFor<T>(action: (calls: Calls) => T): T | undefined {
    return this.call((x) => action(new Calls(x)));
  }

  private ensureOn(): boolean {
    if (!this.on) this.boot();
    return this.on && !this.refusedSetup;
  }

  // --- what the oracle sees ---

  private observe(state: number): void {
    this.state = state;
    const key = this.keys.observe(state, this.machine.exports, this.now);
    for (const one of this.connections) {
      if (key === undefined) {
        if (one.stopped === undefined && one.isn !== undefined) stop(one, this.now, "state");
      } else if (one.key === key && one.stoppedFor === "state") {
        one.stopped = undefined;
      }
    }
  }

  private gaveNumber(what: string): number {
    const { last, silenceServed } = this.keys;
    const key = this.keys.gaveNumber(what, this.machine.exports, this.now, this.bootNumber);
    this.observe(STATE.ready);
    if (last !== undefined && key !== last) this.ports.breakRing();
    // Old segments have died in the silence: what a loss takes back after it, it may take back.
    if (this.lossExcused && silenceServed) this.ledger.forget();
    return key;
  }

  /** Whether docs/fault-model.md promises READY on this storage. */
  private get storageSuffices(): boolean {
    return !this.lossExcused && this.memory.writableSectors() >= 2 && !this.memory.hasUnreadable();
  }

  /**
   * Several errors that leave bits behind, some in an erase: in the end a slot of each sector may be bad, as
   * when a record was lost, and quiet time may be served that was not due (docs/bounds.md, "The cautious
   * side"). Numbers are judged as ever.
   */
  private leavesBits(step: { operations: string; count: number; effect: string }): boolean {
    if (step.effect !== "something" || step.count < 2) return false;
    return step.operations !== "program" || this.memory.geometry.kind === "eeprom";
  }

  /** After a boot that no passing fault struck. */
  private judgeBoot(state: number, x: Exports, where: string): void {
    if (state === STATE.ready || !this.keys.isSure || !this.storageSuffices || isDegraded(x))
      return;
    if (state === STATE.quiet && this.quietExcused) return;
    throw new Breach(
      state === STATE.failed ? "stuck" : "loss",
      `${where}${STATE_NAMES[state]} (reason ${x.reason()}) at boot, storage suffices`,
    );
  }

  // --- steps ---

  step(step: Step): void {
    switch (step.do) {
      case "boot":
        for (let i = 0; i < step.count && !this.refusedSetup; i++) this.boot();
        return;
      case "cut":
        this.memory.cutPower(step.after, step.effect, step.seed);
        return;
      case "fail":
        this.excuse(step.operations === "read" || step.operations === "any");
        this.quietExcused ||= this.leavesBits(step);
        this.memory.fail(step.operations, step.count, step.effect, step.seed);
        return;
      case "outage":
        this.excuse(step.operations === "read" || step.operations === "any");
        this.memory.setOutage(step.operations);
        return;
      case "readErrors":
        this.excuse(true);
        this.memory.setReadErrors(step.probability);
        return;
      case "calm":
        this.memory.calm();
        return;
      case "die":
        this.memory.die(step.sector % this.sectors, step.death);
        this.excuse(step.death === "all" || this.memory.writableSectors() < 2);
        return;
      case "heal":
        this.memory.heal(step.sector % this.sectors);
        return;
      case "rot":
        this.rot(step.seed);
        return;
      case "wipe":
        this.powerOff();
        this.excuse(true);
        this.keys.spoke = true;
        this.keys.vouchedNew = false;
        this.memory.wipe();
        return;
      case "lie":
        this.memory.lie(step.count);
        return;
      case "keepImage":
        this.kept = this.memory.fork(0);
        return;
      case "rollBack":
        this.powerOff();
        if (this.kept !== undefined) this.memory.copyFrom(this.kept);
        return;
      default:
        if (this.ensureOn()) this.deviceStep(step);
    }
  }

  /** Once a boot, and where all that the boot wrote is whole: what a second fault takes is lost (FM-B1). */
  private rot(seed: number): void {
    if (this.state !== STATE.ready || this.rottenBoot === this.bootNumber) return;
    if (this.memory.passing !== this.passingAtBoot || this.memory.hasDead) return;
    this.rottenBoot = this.bootNumber;
    this.excuse(true);
    this.memory.rot(seed);
  }

  private get sectors(): number {
    return this.setup.geometry.kind === "kv" ? 2 : this.setup.geometry.sectors;
  }

  private excuse(yes: boolean): void {
    if (yes) this.lossExcused = true;
  }

  private deviceStep(step: Step): void {
    switch (step.do) {
      case "pass":
        this.pass(step.ms / 1000);
        return;
      case "poll":
        this.poll();
        return;
      case "run":
        for (let i = 0; i < step.polls && this.on; i++) {
          this.pass(step.ms / 1000);
          if (this.on) this.poll();
        }
        return;
      case "isn":
        this.openFixed(step.tuple % FIXED_TUPLES, step.greedy);
        return;
      case "port":
        this.openPort(step.to % PEERS.length, step.greedy, step.isn);
        return;
      case "stamp":
        this.stampOf(step.tuple);
        return;
      case "report":
        this.report(step.tuple, step.step, step.count, step.ms / 1000);
        return;
      case "close":
        this.close(step.tuple);
        return;
      case "abandon":
        this.abandon(step.tuple);
        return;
      case "syn":
        this.syn(step.tuple, step.seed);
        return;
      case "provision":
        this.provision(step.key, step.options);
        return;
      case "entropy":
        this.entropyQuality = step.quality;
        this.giveKey(step.options, (x, options) => x.provisionFromEntropy(options) >>> 0);
        this.entropyQuality = 0;
        return;
      case "fork":
        this.fork(step.seed, step.boots);
        return;
      case "settle":
        this.settle(step.seed);
        return;
      case "quiet":
        this.serveQuiet();
        return;
      case "timeWait":
        this.runFor((2 * this.setup.mslMs) / 1000 + 1.5);
        return;
      case "refused":
        this.refused(step.tuple);
        return;
      default:
        throw new Error(`no such step: ${step.do}`);
    }
  }

  // --- time ---

  private elapse(seconds: number): void {
    this.now += seconds;
    this.ledger.travel(seconds * BYTES_PER_SECOND);
  }

  /** At least once a second, and at least once per half wrap of the counter (docs/abi.md, poll). */
  private get pollSeconds(): number {
    return Math.min(1, (0.49 * 2 ** 32) / this.setup.hz);
  }

  private pass(seconds: number): void {
    const end = this.now + seconds;
    while (this.now < end && this.on) {
      const until = this.polledAt + this.pollSeconds - this.now;
      // A poll that erases takes time itself.
      if (until <= 1e-9) this.poll();
      else this.elapse(Math.min(end - this.now, until));
    }
  }

  private poll(): void {
    this.polledAt = this.now;
    const before = this.state;
    this.call(({ poll }) => this.observe(poll() >>> 0));
    if (this.state !== before) this.trace?.(`poll: ${this.on ? this.stateText : "power failed"}`);
  }

  private runFor(seconds: number, while_: () => boolean = () => true): void {
    const end = this.now + seconds;
    while (this.on && this.now < end && while_()) {
      this.pass(this.pollSeconds);
      if (this.on) this.poll();
    }
  }

  // --- connections ---

  private fixed(index: number): { to: number; port: number } {
    return { to: index % PEERS.length, port: this.setup.fixedPort + index };
  }

  private find(to: number, port: number): Connection | undefined {
    return this.connections.find((one) => one.to === to && one.port === port);
  }

  /** Connections are named by their place in the list, so that a shrunk life still names one. */
  private nth(index: number): Connection | undefined {
    return this.connections[index % Math.max(1, this.connections.length)];
  }

  private openFixed(index: number, greedy: boolean): void {
    const { to, port } = this.fixed(index);
    const open = this.find(to, port);
    if (open !== undefined) {
      // Only an attempt that never became a connection is repeated.
      if (open.connected || open.greedy) return;
      this.drop(open);
    }
    this.askIsn(to, port, greedy);
  }

  private drop(one: Connection): void {
    this.ledger.use(one.key, one.tuple, usedEnd(one, this.now));
    this.connections = this.connections.filter((other) => other !== one);
  }

  private askIsn(to: number, port: number, greedy: boolean): void {
    const isn = this.callFor((calls) => calls.isn(to, port));
    if (isn === undefined || isn === 0) return;
    this.trace?.(`ISN ${isn} for port ${port} to ${to}`);
    const key = this.gaveNumber("an ISN");
    const tuple = tupleOf(to, port);
    const stamp = this.setup.stamps ? this.callFor((calls) => calls.timestamp(to, port)) : 0;
    const known = this.ledger.entry(key, tuple) !== undefined;
    if (known) this.judgeStamp(key, tuple, stamp, isn);
    const position = this.ledger.gaveIsn(key, tuple, isn);
    if (!known) this.judgeStamp(key, tuple, stamp, isn);
    if (!this.on) return;
    this.connect(to, port, key, position, isn, greedy);
    this.ports.opened(to, port, this.bootNumber);
  }

  private connect(
    to: number,
    port: number,
    key: number,
    isn: number | undefined,
    isnNumber: number,
    greedy: boolean,
  ): void {
    this.timeWaits.opened(tupleOf(to, port));
    this.connections.push({
      tuple: tupleOf(to, port),
      to,
      port,
      key,
      isn,
      isnNumber,
      opened: this.now,
      reported: 0,
      greedy,
      stopped: undefined,
      stoppedFor: "state",
      connected: greedy,
    });
  }

  private judgeStamp(key: number, tuple: number, stamp: number | undefined, isn?: number): void {
    if (stamp === undefined || stamp === 0) return;
    const entry = this.ledger.entry(key, tuple);
    if (entry?.stamp !== undefined && isn !== undefined && ((stamp - entry.stamp.value) | 0) < 0) {
      // Both went back: the ISN is what hurts.
      const moved = (isn - entry.isn) | 0;
      if (moved <= 0) judgeIsn(entry, entry.position + moved, "");
    }
    // A call that erases hands out the time that it read before.
    const slack =
      this.setup.eraseSeconds > 0 ? Number.POSITIVE_INFINITY : 0.002 + 1 / this.setup.hz;
    this.ledger.gaveStamp(key, tuple, stamp, { now: this.now, boot: this.bootNumber, slack });
  }

  private stampOf(index: number): void {
    const one = this.nth(index);
    if (one === undefined || !this.setup.stamps) return;
    const stamp = this.callFor((calls) => calls.timestamp(one.to, one.port));
    if (stamp === undefined || stamp === 0) return;
    if (this.gaveNumber("a TSval") === one.key) this.judgeStamp(one.key, one.tuple, stamp);
  }

  private report(index: number, bytes: number, count: number, seconds: number): void {
    const one = this.nth(index);
    if (one?.isn === undefined) return;
    for (let i = 0; i < count && this.on && this.connections.includes(one); i++) {
      if (one.stopped !== undefined && one.stoppedFor !== "report") return;
      one.connected = true;
      const used = usedEnd(one, this.now);
      const next = Math.max(one.isn + 1, one.greedy ? used - UNREPORTED : used) + bytes;
      const accepted = this.callFor((calls) =>
        calls.advance(one.to, one.port, numberAt(one, next)),
      );
      if (accepted === 0) {
        stop(one, this.now, "report");
        return;
      }
      if (accepted === 1) {
        one.reported = Math.max(one.reported, next);
        one.stopped = undefined;
        one.stoppedFor = "state";
      }
      this.ledger.travel(bytes);
      if (this.on) this.pass(seconds);
    }
  }

  private close(index: number): void {
    const one = this.nth(index);
    if (one === undefined) return;
    const start = this.now;
    const end = usedEnd(one, start);
    // A port that never got an ISN is closed too, with any number.
    const next = one.isn === undefined ? 1 : numberAt(one, end);
    const peer = this.random.bits();
    const closed = this.callFor((calls) => calls.close(one.to, one.port, next, peer, peer));
    one.stopped = end;
    one.stoppedFor = "close";
    if (closed !== 1) return;
    this.drop(one);
    this.ports.closed(one.to, one.port, start);
    this.timeWaits.ended(one.tuple, peer, peer, start);
  }

  private abandon(index: number): void {
    const one = this.nth(index);
    if (one === undefined || one.connected) return;
    if (this.callFor((calls) => calls.abandon(one.to, one.port)) !== 1) return;
    this.drop(one);
    this.ports.closed(one.to, one.port, Number.NEGATIVE_INFINITY);
  }

  private syn(index: number, seed: number): void {
    const random = new Random(seed);
    const { to, port } = this.fixed(index % FIXED_TUPLES);
    const tuple = tupleOf(to, port);
    if (this.find(to, port) !== undefined) return;
    const near = this.timeWaits.peerNextOf(tuple);
    const value = (): number =>
      (near + random.pick([0, -1, 1, 5, -5, 2 ** 31 - 1, 2 ** 31 + 1, random.bits()])) >>> 0;
    const segment = { seq: value(), tsval: value(), flags: random.whole(0, 3) };
    const { seq, tsval, flags } = segment;
    const verdict = this.callFor((calls) => calls.syn(to, port, seq, tsval, flags));
    if (verdict !== undefined) this.timeWaits.judge(tuple, segment, this.now, verdict);
  }

  private openPort(to: number, greedy: boolean, isn: boolean): void {
    const port = this.callFor((calls) => calls.port(to));
    if (port === undefined || port === 0) return;
    const key = this.gaveNumber("a port");
    this.ports.gave(to, port, this.bootNumber, this.now);
    if (isn) {
      this.askIsn(to, port, greedy);
      if (!this.on || this.find(to, port) !== undefined) return;
    }
    this.connect(to, port, key, undefined, 0, false);
  }

  // --- keys ---

  private provision(key: number, options: number): void {
    this.giveKey(options, (x, vouched) => {
      const buffer = new Uint8Array(x.memory.buffer, x.ioBuffer() >>> 0, 16);
      for (let i = 0; i < 16; i++) buffer[i] = (key * 37 + i * 11 + 1) & 0xff;
      return x.provision(vouched) >>> 0;
    });
  }

  private giveKey(asked: number, action: (x: Exports, options: number) => number): void {
    const { keys, memory } = this;
    const { writes } = memory;
    const { offered } = keys;
    const blank = memory.isBlank();
    // The caller does not vouch for a device that spoke, where the module cannot know better.
    const options = blank && keys.spoke ? asked & ~NEW_DEVICE : asked;
    if ((options & NEW_DEVICE) !== 0 && !keys.spoke) keys.vouchedNew = true;
    keys.offered = true;
    const done = this.call((x) => action(x, options));
    if (done === 1) {
      if ((options & REPLACE) === 0 && keys.isSure && !this.lossExcused) {
        throw new Breach("key-changed", "provision() without option 1 took a key's place");
      }
      keys.lastWasDegraded = false;
      this.endAll();
      this.observe(this.machine.exports.state() >>> 0);
      // Until the device has been READY with the new key, quiet time may be owed.
      keys.inDoubt = this.state !== STATE.ready;
      return;
    }
    if (done === 0 && memory.writes === writes) keys.offered = offered;
    else keys.inDoubt = true;
    if (this.on) this.observe(this.machine.exports.state() >>> 0);
  }

  /** A new key ends what ran on the old one. */
  private endAll(): void {
    for (const one of this.connections) this.drop(one);
    this.ports.forget();
    this.timeWaits.powerOn();
  }

  private serveQuiet(): void {
    this.runFor((2 * this.setup.mslMs) / 1000 + 5, () => this.state === STATE.quiet);
  }

  // --- judging ahead ---

  /** Storage is fine again: the device must be READY soon, without a reboot and after one. */
  private settle(seed: number): void {
    this.memory.calm();
    if (!this.ensureOn()) return;
    this.runFor(SETTLE_SECONDS, () => this.state !== STATE.ready);
    this.serveQuiet();
    if (!this.on || !this.storageSuffices || this.keys.last === undefined) return;
    if (this.keys.lastWasDegraded) return;
    if (this.state === STATE.failed || this.state === STATE.quiet) {
      const reason = this.machine.exports.reason();
      throw new Breach("stuck", `${STATE_NAMES[this.state]} (reason ${reason}), storage is fine`);
    }
    if (this.keys.isSure && this.state !== STATE.ready) {
      throw new Breach("loss", `${STATE_NAMES[this.state]} with a key in good storage`);
    }
    // The last retry may have been less than a second ago.
    this.runFor(3);
    if (this.on && this.state === STATE.ready) this.mustGiveNumbers();
    this.fork(seed, 1);
  }

  private mustGiveNumbers(): void {
    if (this.connections.length >= TABLE_ENTRIES) return;
    const isn = this.callFor((calls) => calls.isn(0, PROBE_PORT));
    if (isn === undefined) return;
    if (isn === 0) {
      throw new Breach("refused", `READY, and no ISN (reason ${this.machine.exports.reason()})`);
    }
    this.connect(0, PROBE_PORT, this.gaveNumber("an ISN"), undefined, 0, false);
  }

  /** What would come if power failed now, `boots` times. */
  private fork(seed: number, boots: number): void {
    if (isDegraded(this.machine.exports)) return;
    this.keys.passSilence(this.now);
    const random = new Random(seed);
    const memory = this.memory.fork(seed);
    const targets = new Map<number, Target[]>();
    for (let n = 1; n <= boots; n++) {
      memory.powerOn();
      this.spare.reset(this.board(memory, random.bits()));
      const x = this.spare.exports;
      if (!this.configure(x)) return;
      this.operations++;
      this.boots++;
      const where = `after a power cut now, boot ${n}: `;
      const state = x.boot() >>> 0;
      if (state !== STATE.ready) {
        this.judgeBoot(state, x, where);
        return;
      }
      const key = x.fingerprint() >>> 0;
      this.keys.judgeReadyAtOnce(key, x, where);
      const ofKey = targets.get(key) ?? this.targets(key, random);
      targets.set(key, ofKey);
      judgeNextNumbers(new Calls(x), ofKey, this.setup.stamps, this.jump, where);
    }
  }

  /** Open connections of a key, which have used most, and one tuple more. */
  private targets(key: number, random: Random): Target[] {
    if (this.lossExcused && this.keys.silenceServed) return [];
    const tuples = this.connections
      .filter((one) => one.isn !== undefined && one.key === key)
      .slice(0, 6)
      .map(({ to, port }) => ({ to, port }));
    tuples.push(this.fixed(random.whole(0, FIXED_TUPLES - 1)));
    const targets: Target[] = [];
    for (const { to, port } of tuples) {
      const entry = this.ledger.entry(key, tupleOf(to, port));
      if (entry === undefined || targets.some((one) => one.to === to && one.port === port))
        continue;
      const open = this.find(to, port);
      const used = open === undefined ? 0 : usedEnd(open, this.now);
      targets.push({ to, port, entry: { ...entry, end: Math.max(entry.end, used) } });
    }
    return targets;
  }

  /** Calls that are refused, again and again: after the first time they write nothing. */
  private refused(index: number): void {
    if (this.state !== STATE.ready || isDegraded(this.machine.exports)) return;
    if (!this.memory.isCalm) return;
    const one = this.nth(index);
    const calls: ((calls: Calls, x: Exports) => number)[] = [(_, x) => x.provision(0) >>> 0];
    if (one?.isn !== undefined) {
      const far = numberAt(one, one.isn + FAR_AHEAD);
      calls.push((device) => device.advance(one.to, one.port, far));
    }
    for (const call of calls) this.refusedWritesNothing(call);
    if (this.on && this.state === STATE.ready && this.ports.size < 64) this.exhaustPorts();
  }

  private refusedWritesNothing(call: (calls: Calls, x: Exports) => number): void {
    let writes = 0;
    for (let i = 0; i < 3; i++) {
      writes = this.memory.writes;
      if (this.call((x) => call(new Calls(x), x)) !== 0) return;
    }
    if (this.memory.writes !== writes) {
      throw new Breach("refused-writes", "a call that is refused again and again writes");
    }
  }

  private exhaustPorts(): void {
    const before = this.connections.length;
    while (this.on && this.connections.length - before < 64) {
      const open = this.connections.length;
      this.openPort(0, false, false);
      if (this.connections.length === open) break;
    }
    if (this.on) this.refusedWritesNothing((calls) => calls.port(0));
  }
}

export function play(life: Life, machine: Machine, spare: Machine, trace?: Trace): Outcome {
  const one = new Play(machine, spare, life.setup, trace);
  let at = 0;
  let breach: Outcome["breach"];
  try {
    for (; at < life.steps.length && !one.refusedSetup; at++) {
      const step = life.steps[at] as Step;
      trace?.(`${at} ${JSON.stringify(step)}`);
      one.step(step);
    }
  } catch (error) {
    breach = { ...breachOf(error), step: at };
  }
  const { operations, boots, refusedSetup } = one;
  return { operations, boots, breach, struck: one.memory.struck, refusedSetup };
}

function breachOf(error: unknown): { kind: string; detail: string } {
  if (error instanceof Breach) return { kind: error.kind, detail: error.message };
  if (error instanceof BadAccess) return { kind: "bad-access", detail: error.message };
  if (error instanceof WebAssembly.RuntimeError) return { kind: "trap", detail: error.message };
  throw error;
}
