/**
 * Non-volatile memory that does what docs/fault-model.md says it may do, and counts what struck.
 * The clauses are named where they are played (FM-…).
 */
import { Random } from "./random.ts";

export type Kind = "nor" | "eeprom" | "kv";
export interface Geometry {
  readonly kind: Kind;
  readonly sectorBytes: number;
  readonly sectors: number;
  readonly granule: number;
}

/** What an operation that is cut, or reports an error, did to the memory (FM-W2, FM-W3). */
export type Effect = "nothing" | "something" | "everything";
/** How unsettled bits behave (FM-F1 … FM-F4). */
export type Flicker = "none" | "bits" | "together" | "any";
export type Operations = "program" | "erase" | "write" | "read" | "any";
export type Death = "program" | "erase" | "write" | "all";

export class PowerCut extends Error {}

/** What a module did that no driver may be asked to do (docs/abi.md, imports). */
export class BadAccess extends Error {}

/** Bits of a stretch that differ from `cells` at some reads. */
interface Unsettled {
  at: number;
  mask: Uint8Array;
  together: boolean;
  eachRead: boolean;
  /** Which of the bits differ now. */
  now: Uint8Array;
}

/** A stretch whose reads report an error until it is written anew (FM-R2). */
interface Unreadable {
  at: number;
  bytes: number;
  probability: number;
}

interface UnsettledValue {
  key: number;
  other: Uint8Array | undefined;
  eachRead: boolean;
  isOther: boolean;
}

interface Failing {
  operations: Operations;
  count: number;
  effect: Effect;
  seed: number;
}

const ERROR = 5;
const NO_SUCH_KEY = 1;

export class Memory {
  readonly geometry: Geometry;
  flicker: Flicker = "none";
  /** A torn granule may fail its error code from then on (FM-R2). */
  tornFailsReads = false;
  /** A put may be torn (FM-K3). */
  tornPuts = false;
  /** Erases and programs take time: seconds each. */
  programSeconds = 0;
  eraseSeconds = 0;
  onTime: (seconds: number) => void = () => {};

  cells: Uint8Array;
  private values = new Map<number, Uint8Array>();
  private unsettled: Unsettled[] = [];
  private unsettledValues: UnsettledValue[] = [];
  private unreadable: Unreadable[] = [];
  private dead = new Map<number, Death>();
  private outage: Operations | undefined;
  private failing: Failing[] = [];
  private readErrors = 0;
  private cut: { after: number; effect: Effect; seed: number } | undefined;
  private random: Random;
  private rotted = false;
  private lies = 0;

  /** Operations that changed, or should have changed, the memory. */
  writes = 0;
  /** Faults that struck, by the clause's name. */
  readonly struck = new Map<string, number>();
  /** How many of them pass: errors, not dead sectors. */
  passing = 0;

  constructor(geometry: Geometry, seed: number) {
    this.geometry = geometry;
    this.random = new Random(seed);
    const bytes = geometry.kind === "kv" ? 0 : geometry.sectorBytes * geometry.sectors;
    this.cells = new Uint8Array(bytes).fill(0xff);
  }

  /** A copy to try a power cut on: faults that last stay, those that pass do not. */
  fork(seed: number): Memory {
    const copy = new Memory(this.geometry, seed);
    copy.copyFrom(this);
    copy.dead = new Map(this.dead);
    copy.flicker = this.flicker;
    copy.rotted = this.rotted;
    return copy;
  }

  /** Holds what the other one holds. */
  copyFrom(other: Memory): void {
    this.cells = other.cells.slice();
    this.values = new Map([...other.values].map(([key, value]) => [key, value.slice()]));
    this.unsettled = other.unsettled.map((one) => ({
      ...one,
      mask: one.mask.slice(),
      now: one.now.slice(),
    }));
    this.unsettledValues = other.unsettledValues.map((one) => ({ ...one }));
    this.unreadable = other.unreadable.map((one) => ({ ...one }));
  }

  private strike(clause: string): void {
    if (!clause.startsWith("FM-D") && clause !== "FM-F") this.passing++;
    this.struck.set(clause, (this.struck.get(clause) ?? 0) + 1);
  }

  // --- faults, as the life orders them ---

  cutPower(after: number, effect: Effect, seed: number): void {
    this.cut = { after, effect, seed };
  }

  fail(operations: Operations, count: number, effect: Effect, seed: number): void {
    this.failing.push({ operations, count, effect, seed });
  }

  /** The next operations are acknowledged and not done (FM-X1). */
  lie(count: number): void {
    this.lies = count;
  }

  setOutage(operations: Operations | undefined): void {
    this.outage = operations;
  }

  setReadErrors(probability: number): void {
    this.readErrors = probability;
  }

  die(sector: number, death: Death): void {
    this.dead.set(sector, death);
  }

  heal(sector: number): void {
    this.dead.delete(sector);
  }

  /** All that passes has passed; dead sectors stay dead. */
  calm(): void {
    this.cut = undefined;
    this.failing = [];
    this.outage = undefined;
    this.readErrors = 0;
  }

  /** Whether nothing but dead sectors stands in the way of a write. */
  get isCalm(): boolean {
    return this.outage === undefined && this.failing.length === 0 && this.readErrors === 0;
  }

  /** Sectors (keys of a key-value store) that take programs and erases. */
  writableSectors(): number {
    const all = this.geometry.kind === "kv" ? 2 : this.geometry.sectors;
    return all - this.dead.size;
  }

  get hasDead(): boolean {
    return this.dead.size > 0;
  }

  hasUnreadable(): boolean {
    return [...this.dead.values()].includes("all") || this.unreadable.length > 0;
  }

  isBlank(): boolean {
    if (this.values.size > 0 || this.unsettled.length > 0 || this.unsettledValues.length > 0) {
      return false;
    }
    if (this.hasUnreadable()) return false;
    return this.cells.every((byte) => byte === 0xff);
  }

  /** The whole storage is lost (FM-L1). */
  wipe(): void {
    this.cells.fill(0xff);
    this.values.clear();
    this.unsettled = [];
    this.unsettledValues = [];
    this.unreadable = [];
  }

  /** What an earlier owner, or an unknown format, left behind (FM-L2). */
  litter(seed: number): void {
    const random = new Random(seed);
    const density = random.pick([8, 128, 248]);
    for (let at = 0; at < this.cells.length; at++) this.cells[at] = random.mask(density);
    if (this.geometry.kind === "kv") {
      for (const key of [0, 1]) {
        if (random.chance(0.7)) {
          const length = random.pick([4, 32, 64, 100]);
          this.values.set(
            key,
            Uint8Array.from({ length }, () => random.mask(128)),
          );
        }
      }
    }
  }

  /** Bits of one granule that held change by themselves (FM-B1). */
  rot(seed: number): void {
    const random = new Random(seed);
    this.struck.set("FM-B1", (this.struck.get("FM-B1") ?? 0) + 1);
    this.rotted = true;
    if (this.geometry.kind === "kv") {
      const value = this.values.get(random.whole(0, 1));
      if (value === undefined) return;
      const at = random.whole(0, value.length - 1);
      value[at] = (value[at] ?? 0) ^ (1 << random.whole(0, 7));
      return;
    }
    const used = [...this.cells.keys()].filter((at) => this.cells[at] !== 0xff);
    if (used.length === 0) return;
    const start = random.pick(used);
    const end = Math.min(this.cells.length, start + random.whole(1, this.geometry.granule));
    const density = random.pick([4, 32, 128]);
    for (let at = start; at < end; at++)
      this.cells[at] = (this.cells[at] ?? 0) ^ random.mask(density);
  }

  // --- the board's functions ---

  /** Power comes: what flickers from boot to boot is drawn (FM-F3). */
  powerOn(): void {
    for (const one of this.unsettled) this.settleForNow(one);
    for (const one of this.unsettledValues) one.isOther = this.random.chance(0.5);
  }

  read(offset: number, out: Uint8Array): number {
    if (this.readErrors > 0 && this.random.chance(this.readErrors))
      return this.unread("FM-R3", out);
    if (this.outage === "read" || this.outage === "any") return this.unread("FM-E3", out);
    if (this.takesFailure("read") !== undefined) return this.unread("FM-R3", out);
    if (this.geometry.kind === "kv") return this.readValue(offset, out);
    const end = offset + out.length;
    if (end > this.cells.length) throw new BadAccess(`read ${offset}+${out.length}`);
    if (this.dead.size > 0) {
      const { sectorBytes } = this.geometry;
      const last = Math.floor((end - 1) / sectorBytes);
      for (let sector = Math.floor(offset / sectorBytes); sector <= last; sector++) {
        if (this.dead.get(sector) === "all") return this.unread("FM-D3", out);
      }
    }
    for (const { at, bytes, probability } of this.unreadable) {
      if (at < end && offset < at + bytes && this.random.chance(probability)) {
        return this.unread("FM-R2", out);
      }
    }
    out.set(this.cells.subarray(offset, end));
    for (const one of this.unsettled) {
      if (one.at >= end || one.at + one.mask.length <= offset) continue;
      if (one.eachRead) this.settleForNow(one);
      const from = Math.max(offset, one.at);
      const to = Math.min(end, one.at + one.mask.length);
      for (let at = from; at < to; at++) {
        out[at - offset] = (out[at - offset] ?? 0) ^ (one.now[at - one.at] ?? 0);
      }
    }
    return 0;
  }

  private readValue(key: number, out: Uint8Array): number {
    if (key > 1) throw new BadAccess(`key ${key}`);
    if (this.dead.get(key) === "all") return this.unread("FM-D3", out);
    let value = this.values.get(key);
    const unsettled = this.unsettledValues.find((one) => one.key === key);
    if (unsettled !== undefined) {
      if (unsettled.eachRead) unsettled.isOther = this.random.chance(0.5);
      if (unsettled.isOther) value = unsettled.other;
    }
    if (value === undefined) return NO_SUCH_KEY;
    if (value.length !== out.length) return ERROR;
    out.set(value);
    return 0;
  }

  /** A read that reports an error may leave anything in the buffer (FM-R1). */
  private unread(clause: string, out: Uint8Array): number {
    this.strike(clause);
    if (this.random.chance(0.5)) for (let i = 0; i < out.length; i++) out[i] = this.random.bits();
    return ERROR;
  }

  program(offset: number, bytes: Uint8Array): number {
    const { kind, granule, sectorBytes } = this.geometry;
    this.writes++;
    if (kind === "kv") {
      if (offset > 1) throw new BadAccess(`key ${offset}`);
    } else if (
      offset % granule !== 0 ||
      bytes.length % granule !== 0 ||
      bytes.length === 0 ||
      offset + bytes.length > this.cells.length
    ) {
      throw new BadAccess(`program ${offset}+${bytes.length}`);
    }
    if (kind === "nor") this.mustBeErased(offset, bytes.length);
    this.onTime(this.programSeconds);
    const sector = kind === "kv" ? offset : Math.floor(offset / sectorBytes);
    const { result, effect, seed } = this.verdict("program", sector);
    if (effect === "everything") this.put(offset, bytes);
    else if (effect === "something") this.tear(offset, bytes, new Random(seed));
    if (result === "cut") throw new PowerCut();
    return result;
  }

  erase(sector: number): number {
    const { kind, sectorBytes, sectors } = this.geometry;
    this.writes++;
    if (kind !== "nor" || sector >= sectors) throw new BadAccess(`erase ${sector}`);
    this.onTime(this.eraseSeconds);
    const { result, effect, seed } = this.verdict("erase", sector);
    const from = sector * sectorBytes;
    if (effect === "everything") {
      this.cells.fill(0xff, from, from + sectorBytes);
      this.settle(from, sectorBytes);
    } else if (effect === "something") this.tearErase(from, new Random(seed));
    if (result === "cut") throw new PowerCut();
    return result;
  }

  // --- what strikes ---

  private verdict(
    operation: "program" | "erase",
    sector: number,
  ): { result: number | "cut"; effect: Effect; seed: number } {
    if (this.cut !== undefined && this.cut.after-- <= 0) {
      const { effect, seed } = this.cut;
      this.cut = undefined;
      this.strike(`FM-C ${operation} ${effect}`);
      return { result: "cut", effect, seed };
    }
    const death = this.dead.get(sector);
    if (death !== undefined && (death === operation || death === "write" || death === "all")) {
      this.strike(`FM-D ${operation}`);
      return { result: ERROR, effect: "nothing", seed: 0 };
    }
    if (this.outage !== undefined && covers(this.outage, operation)) {
      this.strike(`FM-E3 ${operation}`);
      return { result: ERROR, effect: "nothing", seed: 0 };
    }
    const failure = this.takesFailure(operation);
    if (failure !== undefined) {
      this.strike(`FM-E ${operation} ${failure.effect}`);
      return { result: ERROR, effect: failure.effect, seed: failure.seed };
    }
    if (this.lies > 0) {
      this.lies--;
      return { result: 0, effect: "nothing", seed: 0 };
    }
    return { result: 0, effect: "everything", seed: 0 };
  }

  private takesFailure(operation: "program" | "erase" | "read"): Failing | undefined {
    if (this.failing.length === 0) return undefined;
    const one = this.failing.find(({ operations }) => covers(operations, operation));
    if (one === undefined) return undefined;
    one.count--;
    if (one.count <= 0) this.failing.splice(this.failing.indexOf(one), 1);
    one.seed = (one.seed + 0x9e3779b9) >>> 0;
    return one;
  }

  /** Parts with an error code refuse a second program, and a module cannot count on it (FM-N2). */
  private mustBeErased(offset: number, bytes: number): void {
    if (this.rotted) return;
    for (let at = offset; at < offset + bytes; at++) {
      if (this.cells[at] !== 0xff && !this.isUnsettledAt(at)) {
        throw new BadAccess(`program of ${offset}+${bytes}, which is not erased`);
      }
    }
  }

  private isUnsettledAt(at: number): boolean {
    const start = at - (at % this.geometry.granule);
    const end = start + this.geometry.granule;
    return (
      this.unsettled.some((one) => one.at < end && start < one.at + one.mask.length) ||
      this.unreadable.some((one) => one.at < end && start < one.at + one.bytes)
    );
  }

  // --- what writes do ---

  private put(offset: number, bytes: Uint8Array): void {
    const { kind } = this.geometry;
    if (kind === "kv") {
      this.values.set(offset, bytes.slice());
      this.unsettledValues = this.unsettledValues.filter(({ key }) => key !== offset);
      return;
    }
    if (kind === "eeprom") {
      this.cells.set(bytes, offset);
      this.settle(offset, bytes.length);
      return;
    }
    for (let i = 0; i < bytes.length; i++) {
      this.cells[offset + i] = (this.cells[offset + i] ?? 0) & (bytes[i] ?? 0);
    }
    if (this.unsettled.length > 0) {
      // What is programmed to 0 is firm; what stays 1 flickers on.
      this.unsettled = this.unsettled.filter((one) => {
        for (let i = 0; i < bytes.length; i++) {
          const at = offset + i - one.at;
          if (at >= 0 && at < one.mask.length) one.mask[at] = (one.mask[at] ?? 0) & (bytes[i] ?? 0);
        }
        return one.mask.some((mask) => mask !== 0);
      });
      for (const one of this.unsettled)
        for (let i = 0; i < one.now.length; i++) {
          one.now[i] = (one.now[i] ?? 0) & (one.mask[i] ?? 0);
        }
    }
    this.readableAgain(offset, bytes.length);
  }

  /** All bits of a stretch hold. */
  private settle(offset: number, bytes: number): void {
    this.readableAgain(offset, bytes);
    if (this.unsettled.length === 0) return;
    const end = offset + bytes;
    this.unsettled = this.unsettled.filter((one) => {
      const from = Math.max(offset, one.at) - one.at;
      const to = Math.min(end, one.at + one.mask.length) - one.at;
      if (from < to) {
        one.mask.fill(0, from, to);
        one.now.fill(0, from, to);
      }
      return one.mask.some((mask) => mask !== 0);
    });
  }

  private readableAgain(offset: number, bytes: number): void {
    if (this.unreadable.length === 0) return;
    const end = offset + bytes;
    this.unreadable = this.unreadable.filter((one) => one.at < offset || one.at + one.bytes > end);
  }

  private settleForNow(one: Unsettled): void {
    if (one.together) {
      const on = this.random.chance(0.5);
      for (let i = 0; i < one.mask.length; i++) one.now[i] = on ? (one.mask[i] ?? 0) : 0;
      return;
    }
    for (let i = 0; i < one.mask.length; i++) {
      const mask = one.mask[i] ?? 0;
      one.now[i] = mask === 0 ? 0 : mask & this.random.bits();
    }
  }

  private unsettle(at: number, mask: Uint8Array, random: Random): void {
    if (this.flicker === "none" || !mask.some((bits) => bits !== 0)) return;
    const together = this.flicker === "together" || (this.flicker === "any" && random.chance(0.5));
    const one: Unsettled = {
      at,
      mask,
      together,
      eachRead: random.chance(0.3),
      now: new Uint8Array(mask.length),
    };
    this.settleForNow(one);
    this.unsettled.push(one);
    this.strike("FM-F");
  }

  /** A program that ends in the middle (FM-N3, FM-P2, FM-K2, FM-K3). */
  private tear(offset: number, bytes: Uint8Array, random: Random): void {
    const { kind, granule } = this.geometry;
    if (kind === "kv") {
      this.tearPut(offset, bytes, random);
      return;
    }
    const granules = bytes.length / granule;
    const inOrder = random.chance(0.7);
    const whole = random.whole(0, granules - 1);
    for (let g = 0; g < granules; g++) {
      const fate = inOrder
        ? g < whole
          ? "whole"
          : g === whole
            ? "torn"
            : "untouched"
        : random.pick(["whole", "torn", "untouched"] as const);
      const at = offset + g * granule;
      const part = bytes.subarray(g * granule, (g + 1) * granule);
      if (fate === "whole") this.put(at, part);
      else if (fate === "torn") this.tearGranule(at, part, random);
    }
  }

  private tearGranule(at: number, bytes: Uint8Array, random: Random): void {
    const nor = this.geometry.kind === "nor";
    const settled = random.pick([0, 0, 16, 128, 240, 256]);
    const unsettled = random.pick([0, 32, 128, 256, 256]);
    // An EEPROM erases a page before it writes it: a cut may leave the erased state too.
    const through = nor || random.chance(0.5) ? undefined : random.pick([0, 0xff]);
    const mask = new Uint8Array(bytes.length);
    if (!nor) this.settle(at, bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const old = this.cells[at + i] ?? 0;
      const to = nor ? old & (bytes[i] ?? 0) : (bytes[i] ?? 0);
      const way = through !== undefined && random.chance(0.5) ? through : to;
      const difference = old ^ way;
      const now = difference & random.mask(settled);
      this.cells[at + i] = old ^ now;
      mask[i] = difference & ~now & random.mask(unsettled);
    }
    this.unsettle(at, mask, random);
    if (this.tornFailsReads && random.chance(0.5)) {
      this.unreadable.push({ at, bytes: bytes.length, probability: random.pick([1, 1, 0.5]) });
    }
  }

  private tearPut(key: number, bytes: Uint8Array, random: Random): void {
    const old = this.values.get(key);
    if (this.tornPuts && random.chance(0.6)) {
      const value = bytes.slice();
      const from = random.whole(0, value.length - 1);
      const style = random.pick(["rest is old", "rest is garbage", "short", "gone"] as const);
      if (style === "gone") {
        this.values.delete(key);
        this.unsettledValues = this.unsettledValues.filter((one) => one.key !== key);
        return;
      }
      for (let i = from; i < value.length; i++) {
        value[i] = style === "rest is old" ? (old?.[i] ?? 0xff) : random.bits();
      }
      this.values.set(key, style === "short" ? value.subarray(0, from) : value);
      this.unsettledValues = this.unsettledValues.filter((one) => one.key !== key);
      return;
    }
    if (this.flicker === "none") {
      if (random.chance(0.5)) this.put(key, bytes);
      return;
    }
    // Old or new, from boot to boot, until the key is put again.
    this.unsettledValues = this.unsettledValues.filter((one) => one.key !== key);
    this.unsettledValues.push({
      key,
      other: bytes.slice(),
      eachRead: random.chance(0.3),
      isOther: random.chance(0.5),
    });
    this.strike("FM-K2");
  }

  /** An erase that ends in the middle: any pattern (FM-N4). */
  private tearErase(from: number, random: Random): void {
    const size = this.geometry.sectorBytes;
    const unit = random.pick([1, 32, 64, this.geometry.granule, 2 * this.geometry.granule]);
    const edge = (): number => Math.min(size, unit * random.whole(0, Math.ceil(size / unit)));
    const [a, b] = [edge(), edge()].sort((x, y) => x - y) as [number, number];
    const style = random.pick(["part", "rest", "bits", "bits", "few", "none"] as const);
    const density = random.pick([1, 16, 128, 240, 255]);
    const zeroed = random.chance(0.15) ? random.pick([16, 128, 256]) : 0;
    const mask = new Uint8Array(size);
    const unsettled = random.pick([0, 1, 4, 32, 128, 256, 256]);
    this.settle(from, size);
    for (let i = 0; i < size; i++) {
      let cell = this.cells[from + i] ?? 0;
      const inside = i >= a && i < b;
      // The part programs all bits before it erases them, so ones may turn into zeros first.
      if (zeroed > 0 && inside) cell &= ~random.mask(zeroed);
      let erased = 0;
      if (style === "part") erased = inside ? 0xff : 0;
      else if (style === "rest") erased = inside ? 0 : 0xff;
      else if (style === "bits") erased = random.mask(density);
      else if (style === "few") erased = random.chance(0.02) ? 1 << random.whole(0, 7) : 0;
      this.cells[from + i] = cell | erased;
      mask[i] = ~(cell | erased) & 0xff & random.mask(unsettled);
    }
    if (this.flicker === "none") return;
    const pieces = random.chance(0.5) ? size : random.pick([32, 64, this.geometry.granule]);
    for (let at = 0; at < size; at += pieces) {
      this.unsettle(from + at, mask.slice(at, Math.min(size, at + pieces)), random);
    }
  }
}

function covers(operations: Operations, one: "program" | "erase" | "read"): boolean {
  if (operations === "any" || operations === one) return true;
  return operations === "write" && one !== "read";
}
