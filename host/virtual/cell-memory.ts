/** Memory made of cells (NOR flash, EEPROM): bytes, and what a torn operation did to its granules. */
import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import {
  NVM_CODE,
  type NvmGeometry,
  type NvmOptions,
  NvmPart,
  type NvmSnapshot,
  type PowerCutPlan,
} from "./nvm-part.ts";

/** State of a granule, bits of `flags`. */
export const GRANULE = {
  /** Written since the last erase, whatever it holds. */
  programmed: 1,
  /** Left half-way by a torn operation: some bits read differently each time. */
  unstable: 2,
  /** Error correction no longer gets the data back. */
  unreadable: 4,
} as const;

const BAD = GRANULE.unstable | GRANULE.unreadable;

interface CellSnapshot extends NvmSnapshot {
  readonly cells: Uint8Array;
  readonly flags: Uint8Array;
  readonly wear: Uint32Array;
  readonly wearMax: number;
  readonly bad: number;
  readonly marginal: ReadonlyMap<number, Uint8Array>;
  readonly stuck: ReadonlyMap<number, number>;
}

export abstract class CellMemory extends NvmPart {
  protected readonly cells: Uint8Array;
  /** One byte a granule, see `GRANULE`. */
  protected readonly flags: Uint8Array;
  /** Cycles, one number a sector (NOR) or granule (EEPROM). */
  protected readonly wear: Uint32Array;
  /** Bits at 1 are marginal: they read as 0 or 1 by chance. By granule. */
  protected readonly marginal = new Map<number, Uint8Array>();
  /** Worn-out bits that stay at 0, by byte offset. */
  protected readonly stuck = new Map<number, number>();
  #wearMax = 0;
  /** Granules that are unstable or unreadable: 0 means that reads can be copied straight. */
  #bad = 0;

  constructor(geometry: NvmGeometry, wearUnits: number, random: Random, options?: NvmOptions) {
    super(geometry, random, options);
    const bytes = geometry.sectorBytes * geometry.sectors;
    this.cells = new Uint8Array(bytes).fill(0xff);
    this.flags = new Uint8Array(Math.ceil(bytes / geometry.granule));
    this.wear = new Uint32Array(wearUnits);
  }

  get wearMax(): number {
    return this.#wearMax;
  }

  /** A copy of what the cells hold, for tests and dumps; marginal bits as they stand. */
  image(): Uint8Array {
    return this.cells.slice();
  }

  rot(bits: number, random: Random): void {
    const { granule } = this.geometry;
    const start = Math.floor(random.int(0, this.cells.length - 1) / granule) * granule;
    for (let i = 0; i < bits; i++) {
      const at = start + random.int(0, granule - 1);
      this.cells[at] = (this.cells[at] ?? 0) ^ (1 << random.int(0, 7));
    }
  }

  fillNoise(random: Random): void {
    this.#settleAll();
    random.fill(this.cells);
    this.flags.fill(GRANULE.programmed);
  }

  wipe(value: 0xff | 0x00): void {
    this.#settleAll();
    this.cells.fill(value);
    this.flags.fill(value === 0xff ? 0 : GRANULE.programmed);
  }

  snapshot(): NvmSnapshot {
    const snapshot: CellSnapshot = {
      kind: this.geometry.kind,
      cells: this.cells.slice(),
      flags: this.flags.slice(),
      wear: this.wear.slice(),
      wearMax: this.#wearMax,
      bad: this.#bad,
      marginal: new Map(this.marginal),
      stuck: new Map(this.stuck),
    };
    return snapshot;
  }

  restore(snapshot: NvmSnapshot): void {
    const from = snapshot as CellSnapshot;
    if (snapshot.kind !== this.geometry.kind || from.cells.length !== this.cells.length) {
      throw new UsageError(
        "foreign-snapshot",
        `a snapshot of another part (${snapshot.kind}) cannot be restored to this ${this.geometry.kind}`,
        "restore only snapshots that were taken from the same part",
      );
    }
    this.cells.set(from.cells);
    this.flags.set(from.flags);
    this.wear.set(from.wear);
    this.#wearMax = from.wearMax;
    this.#bad = from.bad;
    this.marginal.clear();
    for (const [granule, mask] of from.marginal) this.marginal.set(granule, mask);
    this.stuck.clear();
    for (const [at, mask] of from.stuck) this.stuck.set(at, mask);
  }

  protected readPart(offset: number, bytes: Uint8Array): number {
    const length = bytes.length;
    if (offset < 0 || offset + length > this.cells.length) {
      this.violate("out-of-range", offset);
      return NVM_CODE.range;
    }
    // A record is short: a loop takes less than a view of it.
    for (let i = 0; i < length; i++) bytes[i] = this.cells[offset + i] ?? 0;
    if (this.#bad === 0) return NVM_CODE.ok;
    return this.#readBad(offset, bytes);
  }

  /** Lets the chance decide the marginal bits, and fails on what error correction cannot restore. */
  #readBad(offset: number, bytes: Uint8Array): number {
    const size = this.geometry.granule;
    const last = Math.floor((offset + bytes.length - 1) / size);
    for (let granule = Math.floor(offset / size); granule <= last; granule++) {
      const flags = this.flags[granule] ?? 0;
      if ((flags & GRANULE.unreadable) !== 0) return NVM_CODE.ecc;
      const mask = (flags & GRANULE.unstable) === 0 ? undefined : this.marginal.get(granule);
      if (mask === undefined) continue;
      for (let i = 0; i < size; i++) {
        const at = granule * size + i - offset;
        if (at < 0 || at >= bytes.length) continue;
        bytes[at] = (bytes[at] ?? 0) ^ ((mask[i] ?? 0) & (this.random.u32() >>> 24));
      }
    }
    return NVM_CODE.ok;
  }

  /** Sets or clears flags of a granule and keeps the count of bad ones. */
  protected setFlags(granule: number, flags: number): void {
    const before = this.flags[granule] ?? 0;
    if ((before & BAD) !== 0) this.#bad--;
    if ((flags & BAD) !== 0) this.#bad++;
    if ((before & GRANULE.unstable) !== 0 && (flags & GRANULE.unstable) === 0) {
      this.marginal.delete(granule);
    }
    this.flags[granule] = flags;
  }

  protected get hasBadGranules(): boolean {
    return this.#bad !== 0;
  }

  protected wearOne(unit: number): number {
    const cycles = (this.wear[unit] ?? 0) + 1;
    this.wear[unit] = cycles;
    if (cycles > this.#wearMax) this.#wearMax = cycles;
    return cycles;
  }

  /**
   * Changes a granule half-way to `target`: of the bits that differ, those in the mask have changed,
   * at least one of them for good; of the others some are marginal, the rest is untouched.
   */
  protected tearGranule(granule: number, target: Uint8Array, cut: PowerCutPlan): void {
    const size = this.geometry.granule;
    const start = granule * size;
    const marginal = new Uint8Array(size);
    let settled = false;
    for (let i = 0; i < size; i++) {
      const old = this.cells[start + i] ?? 0;
      const differs = old ^ (target[i] ?? 0xff);
      let changed = differs & (cut.mask ?? this.random.u32() >>> 24);
      if (!settled && differs !== 0 && changed === 0 && cut.mask === undefined) {
        changed = differs & -differs;
      }
      settled ||= changed !== 0;
      if (this.options.unstableReads) marginal[i] = differs & ~changed & (this.random.u32() >>> 24);
      this.cells[start + i] = old ^ changed;
    }
    if (!settled) this.#settleOneBit(start, target, marginal);
    this.setFlags(granule, (this.flags[granule] ?? 0) | GRANULE.programmed | GRANULE.unstable);
    this.marginal.set(granule, marginal);
  }

  /** A mask that missed every differing bit: one changes all the same, or nothing would be torn. */
  #settleOneBit(start: number, target: Uint8Array, marginal: Uint8Array): void {
    for (let i = 0; i < target.length; i++) {
      const old = this.cells[start + i] ?? 0;
      const differs = old ^ (target[i] ?? 0xff);
      if (differs === 0) continue;
      const bit = differs & -differs;
      this.cells[start + i] = old ^ bit;
      marginal[i] = (marginal[i] ?? 0) & ~bit;
      return;
    }
  }

  #settleAll(): void {
    this.marginal.clear();
    this.flags.fill(0);
    this.#bad = 0;
  }
}
