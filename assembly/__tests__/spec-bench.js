/**
 * The board behind the specs: memory that survives "power off" inside one spec file, a counter and
 * an entropy source that the spec sets. `bench.ts` declares the controls for AssemblyScript. It is
 * simpler than the virtual board of host/virtual on purpose: the specs look at one source file each.
 */

const OK = 0;
/** A key that a key-value store does not hold; the only code with a meaning of its own. */
const MISSING = 1;
const POWERLESS = 2;
const CONTRACT = 3;
const BAD_CELL = 4;

const NOR = 0;
const KEY_VALUE = 2;
const SAMPLES = 4096;

export class SpecBench {
  #wasm;
  #kind = NOR;
  #sectorBytes = 0;
  #granule = 1;
  #cells = new Uint8Array(0);
  /** Granules that a program has touched since the last erase, torn ones included. */
  #touched = new Uint8Array(0);
  #values = new Map();
  #unreadable = new Set();
  #stuckSectors = new Set();
  #unerasable = new Set();
  #spoiling = new Set();
  /** Programs and erases until the cut, and what the last one still gets done. */
  #operationsLeft = Number.POSITIVE_INFINITY;
  #tornGranules = 0;
  #traceless = false;
  #operations = 0;
  #violations = 0;
  #count = 0;
  #samples = new Uint8Array(SAMPLES);
  #samplesGiven = 0;
  #samplesLeft = SAMPLES;

  /** The instance's memory exists only once the imports do. */
  attach(memory) {
    this.#wasm = memory;
  }

  /** Import module `board`: what the module under test calls. */
  board() {
    return {
      read: (offset, to, bytes) => this.#read(offset >>> 0, this.#view(to, bytes)),
      program: (offset, from, bytes) => this.#program(offset >>> 0, this.#view(from, bytes)),
      erase: (sector) => this.#erase(sector >>> 0),
      entropy: (to, bytes) => this.#entropy(this.#view(to, bytes)),
      ticks: () => this.#count,
    };
  }

  /** Import module `bench`: what a spec calls. */
  controls() {
    return {
      newMemory: (kind, sectorBytes, sectors, granule) => {
        this.#kind = kind;
        this.#sectorBytes = sectorBytes;
        this.#granule = granule;
        this.#cells = new Uint8Array(sectorBytes * sectors).fill(0xff);
        this.#touched = new Uint8Array((sectorBytes * sectors) / granule);
        this.#values.clear();
        this.#unreadable.clear();
        this.#stuckSectors.clear();
        this.#unerasable.clear();
        this.#spoiling.clear();
        this.#operations = 0;
        this.#violations = 0;
        this.#traceless = false;
        this.#operationsLeft = Number.POSITIVE_INFINITY;
      },
      cutPower: (operations, granules) => {
        this.#operationsLeft = operations;
        this.#tornGranules = granules;
      },
      tearWithoutTrace: () => {
        this.#traceless = true;
      },
      restorePower: () => {
        this.#operationsLeft = Number.POSITIVE_INFINITY;
      },
      flipBits: (offset, mask) => {
        this.#cells[offset] ^= mask;
      },
      flipValueBits: (key, offset, mask) => {
        this.#values.get(key)[offset] ^= mask;
      },
      byteAt: (offset) => this.#cells[offset],
      valueByteAt: (key, offset) => this.#values.get(key)[offset],
      failReads: (offset) => this.#unreadable.add(offset - (offset % this.#granule)),
      failWrites: (sector) => this.#stuckSectors.add(sector),
      failErases: (sector) => this.#unerasable.add(sector),
      spoilPrograms: (offset) => this.#spoiling.add(offset),
      operations: () => this.#operations,
      violations: () => this.#violations,
      setCounter: (count) => {
        this.#count = count >>> 0;
      },
      setSample: (index, value) => {
        this.#samples[index] = value;
      },
      setSamplesLeft: (samples) => {
        this.#samplesLeft = samples;
        this.#samplesGiven = 0;
      },
    };
  }

  #view(at, bytes) {
    return new Uint8Array(this.#wasm.buffer, at >>> 0, bytes >>> 0);
  }

  #read(offset, to) {
    if (this.#operationsLeft < 0) return POWERLESS;
    if (this.#kind === KEY_VALUE) {
      const value = this.#values.get(offset);
      if (value === undefined) return MISSING;
      if (value.length !== to.length) return CONTRACT;
      to.set(value);
      return OK;
    }
    if (offset + to.length > this.#cells.length) return this.#violation();
    for (let at = offset - (offset % this.#granule); at < offset + to.length; at += this.#granule) {
      if (this.#unreadable.has(at)) return BAD_CELL;
    }
    to.set(this.#cells.subarray(offset, offset + to.length));
    return OK;
  }

  #program(offset, from) {
    const whole = this.#granulesToDo();
    if (whole === undefined) return POWERLESS;
    if (this.#kind === KEY_VALUE) {
      // A store promises that a put happens whole or not at all.
      if (whole !== Number.POSITIVE_INFINITY) return POWERLESS;
      this.#values.set(offset, from.slice());
      return OK;
    }
    const size = this.#granule;
    const end = offset + from.length;
    if (offset % size !== 0 || end % size !== 0 || end > this.#cells.length) {
      return this.#violation();
    }
    if (this.#stuckSectors.has(Math.floor(offset / this.#sectorBytes))) return BAD_CELL;
    for (let i = 0; i < from.length; i += size) {
      const granule = (offset + i) / size;
      if (this.#kind === NOR && this.#touched[granule] !== 0) return this.#violation();
      const torn = i / size === whole;
      // A torn granule takes the first half of its bytes, or nothing that can be read.
      const done = torn ? this.#tornBytes() : size;
      this.#touched[granule] = 1;
      this.#cells.set(from.subarray(i, i + done), offset + i);
      for (let at = offset + i; at < offset + i + done; at++) {
        if (this.#spoiling.has(at)) this.#cells[at] ^= 1;
      }
      if (torn) return POWERLESS;
    }
    return whole === Number.POSITIVE_INFINITY ? OK : POWERLESS;
  }

  #erase(sector) {
    const whole = this.#granulesToDo();
    if (whole === undefined) return POWERLESS;
    const from = sector * this.#sectorBytes;
    if (this.#kind !== NOR || from >= this.#cells.length) return this.#violation();
    if (this.#stuckSectors.has(sector) || this.#unerasable.has(sector)) return BAD_CELL;
    // A torn erase blanks the first granules and leaves the rest as it was.
    const cleared = Math.min(whole * this.#granule, this.#sectorBytes);
    this.#cells.fill(0xff, from, from + cleared);
    this.#touched.fill(0, from / this.#granule, (from + cleared) / this.#granule);
    return whole === Number.POSITIVE_INFINITY ? OK : POWERLESS;
  }

  #tornBytes() {
    return this.#traceless ? 0 : Math.max(this.#granule >> 1, 1);
  }

  /** Counts an operation. How many whole granules it does: all, some (the cut), or undefined. */
  #granulesToDo() {
    if (this.#operationsLeft < 0) return undefined;
    this.#operations++;
    return this.#operationsLeft-- === 0 ? this.#tornGranules : Number.POSITIVE_INFINITY;
  }

  #entropy(to) {
    const given = Math.min(to.length, this.#samplesLeft - this.#samplesGiven);
    to.set(this.#samples.subarray(this.#samplesGiven, this.#samplesGiven + given));
    this.#samplesGiven += given;
    return given;
  }

  #violation() {
    this.#violations++;
    return CONTRACT;
  }
}
