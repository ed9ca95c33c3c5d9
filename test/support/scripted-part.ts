/**
 * Non-volatile memory whose faults a test writes down: what each program, erase and read does is up to a
 * script. What was cut may be left unsettled: it reads as done at one boot and as not begun at another.
 */
import { PowerCut } from "../../host/virtual/nvm.ts";

export interface PartShape {
  readonly kind: "nor" | "eeprom" | "keyValue";
  readonly sectorBytes: number;
  readonly sectors: number;
  readonly granule: number;
}

/** An operation, before it is done. */
export interface Write {
  readonly what: "program" | "erase";
  /** Byte offset, the number of a sector, or a key. */
  readonly at: number;
  readonly sector: number;
  /** How many came before it since `writes` was set to 0. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

export interface Fault {
  readonly effect: "nothing" | "everything" | ((part: ScriptedPart, write: Write) => void);
  readonly ends: "error" | "cut";
}

export const ERROR: Fault = { effect: "nothing", ends: "error" };
export const CUT_BEFORE: Fault = { effect: "nothing", ends: "cut" };
export const CUT_AFTER: Fault = { effect: "everything", ends: "cut" };
/** All that the operation was to change reads as done at one boot, and as not begun at another. */
export const CUT_UNSETTLED: Fault = { effect: (part, write) => part.unsettle(write), ends: "cut" };

const MISSING = 1;
const FAILED = 3;

/** A stretch of memory, or a value, that reads one way or the other. */
interface Unsettled {
  readonly at: number;
  readonly old: Uint8Array | undefined;
  readonly done: Uint8Array;
}

export class ScriptedPart {
  readonly shape: PartShape;
  readonly cells: Uint8Array;
  readonly #values = new Map<number, Uint8Array>();
  #unsettled: Unsettled[] = [];
  writes = 0;
  /** Sectors that take no programs and no erases, and report it. */
  readonly dead = new Set<number>();
  onWrite: (write: Write) => Fault | undefined = () => undefined;
  /** True where the read reports an error. */
  onRead: (offset: number, bytes: number) => boolean = () => false;

  constructor(shape: PartShape) {
    this.shape = shape;
    const bytes = shape.kind === "keyValue" ? 0 : shape.sectorBytes * shape.sectors;
    this.cells = new Uint8Array(bytes).fill(0xff);
  }

  /** The same memory with its dead sectors, without a script. */
  clone(): ScriptedPart {
    const copy = new ScriptedPart(this.shape);
    copy.cells.set(this.cells);
    for (const [key, value] of this.#values) copy.#values.set(key, value);
    copy.#unsettled = [...this.#unsettled];
    for (const sector of this.dead) copy.dead.add(sector);
    return copy;
  }

  /** No fault from here on, but for sectors that are dead. */
  heal(): void {
    this.onWrite = () => undefined;
    this.onRead = () => false;
  }

  sectorOf(offset: number): number {
    return this.#onValues ? offset : Math.floor(offset / this.shape.sectorBytes);
  }

  read(offset: number, bytes: Uint8Array): number {
    if (this.onRead(offset, bytes.length)) return FAILED;
    if (!this.#onValues) {
      bytes.set(this.cells.subarray(offset, offset + bytes.length));
      return 0;
    }
    const value = this.#values.get(offset);
    if (value === undefined) return MISSING;
    bytes.set(value);
    return 0;
  }

  program(offset: number, bytes: Uint8Array): number {
    return this.#perform("program", offset, this.sectorOf(offset), bytes.slice());
  }

  erase(sector: number): number {
    const { sectorBytes } = this.shape;
    return this.#perform("erase", sector, sector, new Uint8Array(sectorBytes).fill(0xff));
  }

  /** The operation is cut, and what it was to change reads as not begun until `show` says otherwise. */
  unsettle(write: Write): void {
    if (this.#onValues) {
      this.#unsettled.push({ at: write.at, old: this.#values.get(write.at), done: write.bytes });
      return;
    }
    const at = this.#start(write);
    const old = this.cells.slice(at, at + write.bytes.length);
    this.#apply(write);
    this.#unsettled.push({ at, old, done: this.cells.slice(at, at + write.bytes.length) });
    this.cells.set(old, at);
  }

  /** A put that was cut on a store without atomic puts: half of the new value, half of the old one. */
  mixValue(write: Write): void {
    const mixed = write.bytes.slice();
    const half = mixed.length / 2;
    mixed.set(this.#values.get(write.at)?.subarray(half) ?? [], half);
    this.#values.set(write.at, mixed);
  }

  /** Single bits read by chance from here on, as an erase that was cut early leaves them. */
  unsettleBits(places: readonly number[], mask: number): void {
    for (const at of places) {
      const old = this.cells.slice(at, at + 1);
      this.#unsettled.push({ at, old, done: old.map((byte) => byte ^ mask) });
    }
  }

  /** How everything that is unsettled reads now. */
  show(state: "old" | "done"): void {
    for (const { at, old, done } of this.#unsettled) {
      const bytes = state === "old" ? old : done;
      if (!this.#onValues) this.cells.set(bytes ?? [], at);
      else if (bytes === undefined) this.#values.delete(at);
      else this.#values.set(at, bytes);
    }
  }

  get #onValues(): boolean {
    return this.shape.kind === "keyValue";
  }

  #start(write: Write): number {
    return write.what === "erase" ? write.at * this.shape.sectorBytes : write.at;
  }

  #perform(what: Write["what"], at: number, sector: number, bytes: Uint8Array): number {
    const write: Write = { what, at, sector, number: this.writes++, bytes };
    const fault = this.onWrite(write) ?? (this.dead.has(sector) ? ERROR : undefined);
    if (fault === undefined || fault.effect === "everything") this.#finish(write);
    else if (typeof fault.effect === "function") fault.effect(this, write);
    if (fault?.ends === "cut") throw new PowerCut(write.number + 1, "torn", what);
    return fault === undefined ? 0 : FAILED;
  }

  /** Done whole: what was unsettled there is settled. */
  #finish(write: Write): void {
    const from = this.#start(write);
    const to = from + (this.#onValues ? 1 : write.bytes.length);
    const outside = ({ at, done }: Unsettled) =>
      at >= to || at + (this.#onValues ? 1 : done.length) <= from;
    this.#unsettled = this.#unsettled.filter(outside);
    this.#apply(write);
  }

  #apply(write: Write): void {
    if (this.#onValues) {
      this.#values.set(write.at, write.bytes);
      return;
    }
    const at = this.#start(write);
    const clearsOnly = this.shape.kind === "nor" && write.what === "program";
    for (const [i, byte] of write.bytes.entries()) {
      this.cells[at + i] = clearsOnly ? (this.cells[at + i] ?? 0) & byte : byte;
    }
  }
}
