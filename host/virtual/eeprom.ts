/** EEPROM: bytes are overwritten in place (the part erases by itself), a page (granule) at a time. */

import type { Random } from "../core/random.ts";
import { CellMemory, GRANULE } from "./cell-memory.ts";
import { NVM_CODE, type NvmGeometry, type NvmOptions, type PowerCutPlan } from "./nvm-part.ts";

export class Eeprom extends CellMemory {
  constructor(geometry: NvmGeometry, random: Random, options?: NvmOptions) {
    const granules = Math.ceil((geometry.sectorBytes * geometry.sectors) / geometry.granule);
    super(geometry, granules, random, options);
  }

  protected programPart(offset: number, bytes: Uint8Array): number {
    if (!this.#inRange(offset, bytes)) return NVM_CODE.range;
    const size = this.geometry.granule;
    if (offset % size !== 0 || bytes.length % size !== 0) {
      return this.violate("unaligned-program", offset);
    }
    const first = offset / size;
    const count = bytes.length / size;
    let code: number = NVM_CODE.ok;
    for (let g = 0; g < count; g++) {
      const worn = this.#writeGranule(first + g, bytes, g * size);
      if (worn !== NVM_CODE.ok) code = worn;
    }
    return code;
  }

  #writeGranule(granule: number, bytes: Uint8Array, from: number): number {
    const size = this.geometry.granule;
    const worn = this.wearOne(granule) > this.geometry.enduranceCycles;
    if (worn && this.options.wearOut === "error") return NVM_CODE.wornOut;
    const start = granule * size;
    if (worn && this.options.wearOut === "stuck-bits") {
      const at = start + this.random.int(0, size - 1);
      this.stuck.set(at, (this.stuck.get(at) ?? 0) | (1 << this.random.int(0, 7)));
    }
    for (let i = 0; i < size; i++) {
      const stuck = this.stuck.size === 0 ? 0 : (this.stuck.get(start + i) ?? 0);
      this.cells[start + i] = (bytes[from + i] ?? 0) & ~stuck;
    }
    // A whole write settles what a torn one had left: an EEPROM needs no erase for that.
    this.setFlags(granule, GRANULE.programmed);
    return NVM_CODE.ok;
  }

  protected erasePart(sector: number): number {
    return this.violate("erase-unsupported", sector);
  }

  protected tearProgram(offset: number, bytes: Uint8Array, cut: PowerCutPlan): void {
    if (!this.#inRange(offset, bytes) || bytes.length === 0) return;
    const size = this.geometry.granule;
    const count = Math.max(1, Math.floor(bytes.length / size));
    const whole = Math.min(cut.wholeGranules ?? this.random.int(0, count - 1), count - 1);
    const first = Math.floor(offset / size);
    for (let g = 0; g < whole; g++) this.#writeGranule(first + g, bytes, g * size);
    this.wearOne(first + whole);
    const target = bytes.slice(whole * size, (whole + 1) * size);
    // The part erases the page on its way to the new data, so any bit may be caught at 1.
    for (let i = 0; i < target.length; i++) {
      if (cut.mask === undefined && this.random.chance(0.25)) target[i] = 0xff;
    }
    this.tearGranule(first + whole, target, cut);
  }

  protected tearErase(sector: number): void {
    this.violate("erase-unsupported", sector);
  }

  #inRange(offset: number, bytes: Uint8Array): boolean {
    if (offset >= 0 && offset + bytes.length <= this.cells.length) return true;
    this.violate("out-of-range", offset);
    return false;
  }
}
