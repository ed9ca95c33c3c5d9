/** NOR flash: erased by sector to 0xFF, programmed once a granule, as parts with ECC demand it. */

import type { Random } from "../core/random.ts";
import { CellMemory, GRANULE } from "./cell-memory.ts";
import { NVM_CODE, type NvmGeometry, type NvmOptions, type PowerCutPlan } from "./nvm-part.ts";

export class NorFlash extends CellMemory {
  constructor(geometry: NvmGeometry, random: Random, options?: NvmOptions) {
    super(geometry, geometry.sectors, random, options);
  }

  override get sectorErases(): readonly number[] {
    return [...this.wear];
  }

  protected programPart(offset: number, bytes: Uint8Array): number {
    const size = this.geometry.granule;
    const refused = this.#check(offset, bytes);
    if (refused !== NVM_CODE.ok) return refused;
    const first = offset / size;
    const count = bytes.length / size;
    let code: number = NVM_CODE.ok;
    for (let g = 0; g < count; g++) {
      const spoiled = this.#programGranule(first + g, bytes, g * size);
      if (spoiled !== NVM_CODE.ok) code = spoiled;
    }
    return code;
  }

  /** Programming only clears bits; a granule that is not erased is spoiled by it. */
  #programGranule(granule: number, bytes: Uint8Array, from: number): number {
    const size = this.geometry.granule;
    const start = granule * size;
    const flags = this.flags[granule] ?? 0;
    for (let i = 0; i < size; i++) {
      this.cells[start + i] = (this.cells[start + i] ?? 0) & (bytes[from + i] ?? 0);
    }
    if (flags === 0) {
      this.flags[granule] = GRANULE.programmed;
      return NVM_CODE.ok;
    }
    const unstable = (flags & GRANULE.unstable) !== 0;
    this.violate(unstable ? "program-unstable" : "program-not-erased", start);
    this.setFlags(granule, flags | GRANULE.programmed | GRANULE.unreadable);
    return NVM_CODE.contract;
  }

  protected erasePart(sector: number): number {
    if (sector < 0 || sector >= this.geometry.sectors) {
      this.violate("out-of-range", sector);
      return NVM_CODE.range;
    }
    const cycles = this.wearOne(sector);
    const worn = cycles > this.geometry.enduranceCycles;
    if (worn && this.options.wearOut === "error") return NVM_CODE.wornOut;
    const start = sector * this.geometry.sectorBytes;
    const end = start + this.geometry.sectorBytes;
    this.cells.fill(0xff, start, end);
    const first = start / this.geometry.granule;
    const last = end / this.geometry.granule;
    if (this.hasBadGranules) for (let g = first; g < last; g++) this.setFlags(g, 0);
    else this.flags.fill(0, first, last);
    if (worn && this.options.wearOut === "stuck-bits") {
      const at = start + this.random.int(0, this.geometry.sectorBytes - 1);
      this.stuck.set(at, (this.stuck.get(at) ?? 0) | (1 << this.random.int(0, 7)));
    }
    this.#applyStuckBits(start, end);
    return NVM_CODE.ok;
  }

  protected tearProgram(offset: number, bytes: Uint8Array, cut: PowerCutPlan): void {
    if (this.#check(offset, bytes) !== NVM_CODE.ok || bytes.length === 0) return;
    const size = this.geometry.granule;
    const count = bytes.length / size;
    const whole = Math.min(cut.wholeGranules ?? this.random.int(0, count - 1), count - 1);
    const first = offset / size;
    for (let g = 0; g < whole; g++) this.#programGranule(first + g, bytes, g * size);
    const granule = first + whole;
    const flags = this.flags[granule] ?? 0;
    const target = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      target[i] = (bytes[whole * size + i] ?? 0) & (this.cells[granule * size + i] ?? 0);
    }
    if (flags !== 0) {
      this.violate(
        (flags & GRANULE.unstable) !== 0 ? "program-unstable" : "program-not-erased",
        granule * size,
      );
    }
    this.tearGranule(granule, target, cut);
  }

  protected tearErase(sector: number, cut: PowerCutPlan): void {
    if (sector < 0 || sector >= this.geometry.sectors) {
      this.violate("out-of-range", sector);
      return;
    }
    this.wearOne(sector);
    const size = this.geometry.granule;
    const count = this.geometry.sectorBytes / size;
    const whole = Math.min(cut.wholeGranules ?? this.random.int(0, count - 1), count - 1);
    const first = (sector * this.geometry.sectorBytes) / size;
    const erased = new Uint8Array(size).fill(0xff);
    for (let g = 0; g < count; g++) {
      const granule = first + g;
      // A cell that an unfinished erase has brought to 1 is only weakly erased: the whole sector
      // stays unfit for programming until an erase gets through.
      if (g < whole) {
        this.cells.fill(0xff, granule * size, (granule + 1) * size);
        this.setFlags(granule, GRANULE.unstable);
      } else if ((this.flags[granule] ?? 0) !== 0) {
        this.setFlags(granule, (this.flags[granule] ?? 0) & ~GRANULE.unreadable);
        this.tearGranule(granule, erased, cut);
      } else {
        this.setFlags(granule, GRANULE.unstable);
      }
    }
  }

  /** Refuses what the part cannot do at all, and records it. */
  #check(offset: number, bytes: Uint8Array): number {
    const size = this.geometry.granule;
    if (offset < 0 || offset + bytes.length > this.cells.length) {
      this.violate("out-of-range", offset);
      return NVM_CODE.range;
    }
    if (offset % size !== 0 || bytes.length % size !== 0) {
      return this.violate("unaligned-program", offset);
    }
    const sector = Math.floor(offset / this.geometry.sectorBytes);
    const worn = (this.wear[sector] ?? 0) > this.geometry.enduranceCycles;
    return worn && this.options.wearOut === "error" ? NVM_CODE.wornOut : NVM_CODE.ok;
  }

  #applyStuckBits(start: number, end: number): void {
    for (const [at, mask] of this.stuck) {
      if (at >= start && at < end) this.cells[at] = (this.cells[at] ?? 0) & ~mask;
    }
  }
}
