/**
 * What all models of non-volatile memory share: operations are counted, power can fail at any of
 * them, writes and reads can fail, and every breach of the part's contract is recorded.
 */
import type { Random } from "../core/random.ts";

export interface NvmGeometry {
  readonly kind: "nor" | "eeprom" | "keyValue";
  readonly sectorBytes: number;
  readonly sectors: number;
  /** Smallest unit that is programmed at once, in bytes. */
  readonly granule: number;
  /** Erase cycles a sector is rated for (EEPROM: writes a granule, key-value store: puts a key). */
  readonly enduranceCycles: number;
}

/** What `read`, `program` and `erase` return. */
export const NVM_CODE = {
  ok: 0,
  /** No value under this key: the module tells this from a store that cannot be read. */
  missing: 1,
  /** Bits that error correction could not restore. */
  ecc: 2,
  /** The operation was told to fail. */
  failed: 3,
  wornOut: 4,
  writeProtected: 5,
  /** Outside the part, or a value of another length. */
  range: 6,
  /** The part does not work that way (see `violations`). */
  contract: 7,
} as const;

/** Where in an operation the power fails. */
export interface PowerCutPlan {
  /** How many more operations (programs and erases) get through; 0 cuts the next one. */
  readonly after: number;
  /** `before`: nothing was done yet; `torn`: in the middle; `after`: done, but never acknowledged. */
  readonly phase: "before" | "torn" | "after";
  /** Torn: granules of the operation that were whole before power failed. Random when absent. */
  readonly wholeGranules?: number;
  /** Torn: which bits of the next granule had changed, repeated over it. Random when absent. */
  readonly mask?: number;
}

/** The operation that a cut hit, or that failed. */
export type NvmOperation = "program" | "erase";

/** Power failed: thrown out of `program` and `erase`, through whatever called them. */
export class PowerCut extends Error {
  /** Number of the operation that was cut, from 1. */
  readonly operation: number;
  readonly phase: PowerCutPlan["phase"];
  readonly kind: NvmOperation;

  constructor(operation: number, phase: PowerCutPlan["phase"], kind: NvmOperation) {
    // No fault of the program: nobody looks where it came from, and the stack would cost more than a boot.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`power failed ${phase === "torn" ? "inside" : phase} memory operation ${operation}`);
    Error.stackTraceLimit = limit;
    this.name = "PowerCut";
    this.operation = operation;
    this.phase = phase;
    this.kind = kind;
  }
}

export type ViolationKind =
  | "out-of-range"
  | "unaligned-program"
  | "program-not-erased"
  | "program-unstable"
  | "erase-unsupported";

/** Something a driver of this part must never do. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly operation: number;
  /** Byte offset, sector or key, as the call gave it. */
  readonly at: number;
}

export interface NvmOptions {
  /** Bits that a torn operation left half-way read differently each time. Default true. */
  readonly unstableReads?: boolean;
  /** What happens past the rated cycles. Default `error`. */
  readonly wearOut?: "error" | "stuck-bits" | "none";
  /** What a torn put may leave of a value; one is drawn. Default: old, lost or garbage. */
  readonly tornPut?: readonly ["old" | "lost" | "garbage" | "new", ...TornPut[]];
}

export type TornPut = "old" | "lost" | "garbage" | "new";

/** The state of a part, as far as it survives without power; opaque to the caller. */
export interface NvmSnapshot {
  readonly kind: NvmGeometry["kind"];
}

export abstract class NvmPart {
  readonly geometry: NvmGeometry;
  readonly violations: Violation[] = [];
  /** Programs and erases so far, those that failed or were cut included. */
  operations = 0;
  programs = 0;
  erases = 0;
  /** Programs and erases by sector (key-value store: by key), for pictures of wear. */
  readonly programsBySector: number[];
  readonly erasesBySector: number[];
  /** Programs and erases that were told to fail, and did. */
  failed = 0;
  /** Fault: every program and erase returns an error. */
  writeProtected = false;

  protected readonly random: Random;
  protected readonly options: Required<NvmOptions>;
  #cut: PowerCutPlan | undefined;
  #cutAtOperation = 0;
  #eraseCut: PowerCutPlan | undefined;
  #failingWrites = 0;
  #failingReads = 0;

  constructor(geometry: NvmGeometry, random: Random, options: NvmOptions = {}) {
    this.geometry = geometry;
    this.random = random;
    this.programsBySector = new Array<number>(geometry.sectors).fill(0);
    this.erasesBySector = new Array<number>(geometry.sectors).fill(0);
    this.options = {
      unstableReads: options.unstableReads ?? true,
      wearOut: options.wearOut ?? "error",
      tornPut: options.tornPut ?? ["old", "lost", "garbage"],
    };
  }

  /** Arms one power cut, counted from the next operation; `undefined` disarms it. */
  armCut(plan: PowerCutPlan | undefined): void {
    this.#cut = plan;
    this.#cutAtOperation = this.operations + 1 + (plan?.after ?? 0);
  }

  /** Arms a power cut at the next erase, whenever that comes; `undefined` disarms it. */
  armEraseCut(plan: Omit<PowerCutPlan, "after"> | undefined): void {
    this.#eraseCut = plan === undefined ? undefined : { ...plan, after: 0 };
  }

  /** Takes back every cut and failure that was armed and has not struck. */
  disarm(): void {
    this.#cut = undefined;
    this.#eraseCut = undefined;
    this.#failingWrites = 0;
    this.#failingReads = 0;
  }

  /** Fault: the next `count` programs and erases return an error and change nothing. */
  failWrites(count: number): void {
    this.#failingWrites = count;
  }

  /** Fault: the next `count` reads return an error. */
  failReads(count: number): void {
    this.#failingReads = count;
  }

  read(offset: number, bytes: Uint8Array): number {
    if (this.#failingReads > 0) {
      this.#failingReads--;
      return NVM_CODE.failed;
    }
    return this.readPart(offset, bytes);
  }

  /** Programs whole granules. Throws `PowerCut` where one is armed. */
  program(offset: number, bytes: Uint8Array): number {
    this.programs++;
    const { sectorBytes } = this.geometry;
    countAt(this.programsBySector, sectorBytes > 0 ? Math.floor(offset / sectorBytes) : offset);
    const cut = this.#startOperation("program");
    const refused = this.#refused();
    if (refused !== NVM_CODE.ok) return refused;
    if (cut?.phase === "torn") {
      this.tearProgram(offset, bytes, cut);
      throw new PowerCut(this.operations, "torn", "program");
    }
    const code = this.programPart(offset, bytes);
    if (cut) throw new PowerCut(this.operations, "after", "program");
    return code;
  }

  /** Erases a sector to 0xFF. Throws `PowerCut` where one is armed. */
  erase(sector: number): number {
    this.erases++;
    countAt(this.erasesBySector, sector);
    const cut = this.#startOperation("erase");
    const refused = this.#refused();
    if (refused !== NVM_CODE.ok) return refused;
    if (cut?.phase === "torn") {
      this.tearErase(sector, cut);
      throw new PowerCut(this.operations, "torn", "erase");
    }
    const code = this.erasePart(sector);
    if (cut) throw new PowerCut(this.operations, "after", "erase");
    return code;
  }

  /** Cycles of the most used sector (EEPROM: granule, key-value store: key). */
  abstract get wearMax(): number;

  /** Erases of each sector, where the part is erased by sectors. */
  get sectorErases(): readonly number[] | undefined {
    return undefined;
  }
  /** Bit rot: flips `bits` random bits of one granule, or value, at rest (FM-B1). */
  abstract rot(bits: number, random: Random): void;
  /** Fills the whole part with noise, as a chip that was used for something else. */
  abstract fillNoise(random: Random): void;
  /** Loses everything: the part reads as 0xFF (blank) or 0x00; a store loses all keys. */
  abstract wipe(value: 0xff | 0x00): void;
  abstract snapshot(): NvmSnapshot;
  /** Goes back to a snapshot of the same part; operation counts and violations stay. */
  abstract restore(snapshot: NvmSnapshot): void;

  protected abstract readPart(offset: number, bytes: Uint8Array): number;
  protected abstract programPart(offset: number, bytes: Uint8Array): number;
  protected abstract erasePart(sector: number): number;
  protected abstract tearProgram(offset: number, bytes: Uint8Array, cut: PowerCutPlan): void;
  protected abstract tearErase(sector: number, cut: PowerCutPlan): void;

  protected violate(kind: ViolationKind, at: number): number {
    this.violations.push({ kind, operation: this.operations, at });
    return NVM_CODE.contract;
  }

  /** Counts the operation; returns the cut that hits it inside or after. */
  #startOperation(kind: NvmOperation): PowerCutPlan | undefined {
    this.operations++;
    let cut: PowerCutPlan | undefined;
    if (kind === "erase" && this.#eraseCut !== undefined) {
      cut = this.#eraseCut;
      this.#eraseCut = undefined;
    } else if (this.#cut !== undefined && this.operations === this.#cutAtOperation) {
      cut = this.#cut;
      this.#cut = undefined;
    }
    if (cut?.phase === "before") throw new PowerCut(this.operations, "before", kind);
    return cut;
  }

  #refused(): number {
    if (this.writeProtected) return NVM_CODE.writeProtected;
    if (this.#failingWrites === 0) return NVM_CODE.ok;
    this.#failingWrites--;
    this.failed++;
    return NVM_CODE.failed;
  }
}

/** Offsets that are out of range are the device's fault, and recorded elsewhere. */
function countAt(counts: number[], at: number): void {
  if (at >= 0 && at < counts.length) counts[at] = (counts[at] ?? 0) + 1;
}
