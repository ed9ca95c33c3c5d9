/** Counts the ports that a device chose, and keeps the first ones with their boots. */
import type { OpenSample } from "../../core/sample.ts";
import type { PortPlot } from "./plot-data.ts";

const BINS = 256;
const SHIFT = 8;
const POINTS_MAX = 2000;

export class PortSpread {
  readonly #bins = new Float64Array(BINS);
  readonly #points: number[] = [];
  readonly #pool: PortPlot["pool"];
  #total = 0;

  constructor(pool: PortPlot["pool"]) {
    this.#pool = pool;
  }

  observe({ portChoice, tuple, boot }: OpenSample): void {
    if (portChoice === "bound") return;
    const bin = tuple.localPort >> SHIFT;
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#total++;
    if (this.#points.length < 2 * POINTS_MAX) this.#points.push(boot, tuple.localPort);
  }

  finish(): PortPlot | undefined {
    if (this.#total === 0) return undefined;
    const pool = this.#pool && { first: this.#pool.first, last: this.#pool.last };
    return {
      bins: [...this.#bins],
      total: this.#total,
      points: this.#points,
      ...(pool ? { pool } : {}),
    };
  }
}
