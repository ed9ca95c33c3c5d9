/** The virtual board: memory, entropy source and counter behind the module's `Board` interface. */
import type { Board } from "../module/board.ts";
import { SimulatedCounter } from "./counter.ts";
import type { BoardSettings } from "./device.ts";
import type { EntropySource } from "./entropy.ts";
import type { NvmPart } from "./nvm.ts";
import type { SimulatedTime } from "./time.ts";

/**
 * A small part with room for a journal: 4 pages of 2 KiB in granules of 8 bytes (as STM32L4), a
 * 1 MHz counter that wraps every 72 minutes, and the port range that RFC 6056 §3.2 asks for, less
 * the ports that the application binds.
 */
export const DEFAULT_BOARD: BoardSettings = {
  storage: { kind: "nor", sectorBytes: 2048, sectors: 4, granule: 8, enduranceCycles: 100_000 },
  counterHz: 1_000_000,
  ports: {
    first: 1024,
    last: 65535,
    reserved: [
      [1883, 1883],
      [5000, 5003],
    ],
  },
  mslMs: 120_000,
};

export class VirtualBoard implements Board {
  readonly nvm: NvmPart;
  readonly counter: SimulatedCounter;
  readonly #entropy: EntropySource;

  constructor(parts: {
    time: SimulatedTime;
    nvm: NvmPart;
    entropy: EntropySource;
    counterHz: number;
  }) {
    this.nvm = parts.nvm;
    this.counter = new SimulatedCounter(parts.time, parts.counterHz);
    this.#entropy = parts.entropy;
  }

  /** Power comes on: the counter starts at `counterStart` (u32), memory holds what it held. */
  powerOn(counterStart: number): void {
    this.counter.restart(counterStart);
    this.#entropy.powerOn();
  }

  read(offset: number, bytes: Uint8Array): number {
    return this.nvm.read(offset, bytes);
  }

  program(offset: number, bytes: Uint8Array): number {
    return this.nvm.program(offset, bytes);
  }

  erase(sector: number): number {
    return this.nvm.erase(sector);
  }

  entropy(bytes: Uint8Array): number {
    return this.#entropy.fill(bytes);
  }

  ticks(): number {
    return this.counter.ticks();
  }
}
