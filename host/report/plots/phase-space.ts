/**
 * Counts steps between successive ISNs in the delay coordinates of M. Zalewski, "Strange Attractors
 * and TCP/IP Sequence Number Analysis" (2001): x = s[n−2] − s[n−3], y = s[n−1] − s[n−2],
 * z = s[n] − s[n−1], here signed and mod 2^32, over the ISNs of new tuples. Good numbers fill the
 * space evenly.
 */
import { serialDistance } from "../../core/serial.ts";
import type { PhasePlot } from "./plot-data.ts";

const SIDE = 64;
const SHIFT = 26;
const POINTS_MAX = 3000;

export class PhaseSpace {
  readonly #counts = new Float64Array(SIDE * SIDE);
  readonly #points: number[] = [];
  #pairs = 0;
  #seen = 0;
  #isn = 0;
  #x = 0;
  #y = 0;

  observe(isn: number): void {
    const z = serialDistance(this.#isn, isn);
    if (this.#seen >= 2) {
      const cell = row(this.#y) * SIDE + row(z);
      this.#counts[cell] = (this.#counts[cell] ?? 0) + 1;
      this.#pairs++;
    }
    if (this.#seen >= 3 && this.#points.length < 3 * POINTS_MAX) {
      this.#points.push(this.#x, this.#y, z);
    }
    this.#x = this.#y;
    this.#y = z;
    this.#isn = isn;
    this.#seen++;
  }

  /** The numbers that follow are those of another device. */
  newDevice(): void {
    this.#seen = 0;
  }

  finish(): PhasePlot | undefined {
    if (this.#pairs === 0) return undefined;
    const cells: number[] = [];
    this.#counts.forEach((count, cell) => {
      if (count > 0) cells.push(cell, count);
    });
    return { side: SIDE, cells, pairs: this.#pairs, points: this.#points };
  }
}

/** A signed 32-bit step falls into one of 64 rows, from −2^31 up. */
function row(step: number): number {
  return (step + 0x8000_0000) >>> SHIFT;
}
