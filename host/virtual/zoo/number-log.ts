/**
 * A naive log of 32-bit numbers in the last sectors of the board's memory, as one finds it in the
 * field: the generators with a journal of their own write here, the honest device keeps the rest.
 */

import { mix32 } from "../../core/random.ts";
import type { Board } from "../../module/board.ts";
import type { BoardSettings } from "../device.ts";

export const LOG_SECTORS = 2;
const SLOT_BYTES = 8;
/** Where a key-value store keeps the log; the honest device uses low keys. */
const FIRST_LOG_KEY = 1000;

/** The board settings without the sectors that the log takes. */
export function withoutLog(settings: BoardSettings): BoardSettings {
  const { storage } = settings;
  if (storage.kind === "keyValue") return settings;
  return { ...settings, storage: { ...storage, sectors: storage.sectors - LOG_SECTORS } };
}

export class NumberLog {
  /** Programs since power-on. */
  writes = 0;
  /** `recover` met a record that it could not read. */
  torn = false;
  readonly #board: Board;
  readonly #storage: BoardSettings["storage"];
  readonly #checked: boolean;
  /** Bytes of a slot: whole granules. */
  readonly #slotBytes: number;
  #sector = 0;
  #slot = 0;

  /** `checked`: each number is followed by a check word, so torn ones are skipped. */
  constructor(board: Board, settings: BoardSettings, checked: boolean) {
    this.#board = board;
    this.#storage = settings.storage;
    this.#checked = checked;
    const { granule, kind } = settings.storage;
    this.#slotBytes = kind === "keyValue" ? SLOT_BYTES : Math.ceil(SLOT_BYTES / granule) * granule;
  }

  /** The highest number in the log, or undefined; finds where to go on. Call it once, at boot. */
  recover(): number | undefined {
    let highest: number | undefined;
    for (let sector = 0; sector < LOG_SECTORS; sector++) {
      for (let slot = 0; slot < this.#slots; slot++) {
        const found = this.#read(sector, slot);
        if (found === "blank") continue;
        if (found === "bad") this.torn = true;
        if (found !== "bad" && (highest === undefined || found >= highest)) {
          highest = found;
          this.#sector = sector;
          this.#slot = slot + 1;
        } else if (sector === this.#sector && slot >= this.#slot) this.#slot = slot + 1;
      }
    }
    return highest;
  }

  append(value: number): void {
    if (this.#storage.kind === "keyValue") {
      this.#sector = 1 - this.#sector;
      this.#slot = 0;
    } else if (this.#slot >= this.#slots && !this.#nextSector()) {
      // What is not erased may not be programmed: the next number tries again.
      this.#slot = this.#slots;
      return;
    }
    const bytes = new Uint8Array(this.#slotBytes).fill(0xff);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, value);
    view.setUint32(4, this.#checked ? mix32(value, 0) : 0);
    this.#board.program(this.#offset(this.#sector, this.#slot++), bytes);
    this.writes++;
  }

  get #slots(): number {
    if (this.#storage.kind === "keyValue") return 1;
    return Math.floor(this.#storage.sectorBytes / this.#slotBytes);
  }

  /** Erases the whole log; a key-value store replaces its values one by one and needs no erase. */
  clear(): void {
    if (this.#storage.kind === "keyValue") return;
    this.#nextSector();
    this.#nextSector();
  }

  /** False when it could not be erased. */
  #nextSector(): boolean {
    this.#sector = 1 - this.#sector;
    this.#slot = 0;
    const sector = this.#storage.sectors - LOG_SECTORS + this.#sector;
    if (this.#storage.kind === "nor") return this.#board.erase(sector) === 0;
    const blank = new Uint8Array(this.#storage.sectorBytes).fill(0xff);
    return this.#board.program(sector * this.#storage.sectorBytes, blank) === 0;
  }

  #read(sector: number, slot: number): number | "blank" | "bad" {
    const bytes = new Uint8Array(SLOT_BYTES);
    const code = this.#board.read(this.#offset(sector, slot), bytes);
    if (code !== 0) return this.#storage.kind === "keyValue" ? "blank" : "bad";
    if (bytes.every((byte) => byte === 0xff)) return "blank";
    const view = new DataView(bytes.buffer);
    const value = view.getUint32(0);
    if (this.#checked && view.getUint32(4) !== mix32(value, 0)) return "bad";
    return value;
  }

  #offset(sector: number, slot: number): number {
    if (this.#storage.kind === "keyValue") return FIRST_LOG_KEY + sector;
    const first = this.#storage.sectors - LOG_SECTORS;
    return (first + sector) * this.#storage.sectorBytes + slot * this.#slotBytes;
  }
}
