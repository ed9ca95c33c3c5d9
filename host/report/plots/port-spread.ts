/** Counts the ports that a device chose, and keeps the first ones with their boots. */
import type { OpenSample } from "../../core/sample.ts";
import type { PortPlot } from "./plot-data.ts";

const BINS = 256;
const POINTS_MAX = 2000;
const ALL_PORTS = { first: 0, last: 65_535 };

export class PortSpread {
  readonly #bins = new Float64Array(BINS);
  readonly #points: number[] = [];
  readonly #first: number;
  readonly #last: number;
  readonly #binPorts: number;
  #total = 0;

  /** `pool`: the range that the device may choose from, both ends included, when it is known. */
  constructor(pool: { readonly first: number; readonly last: number } = ALL_PORTS) {
    this.#first = pool.first;
    this.#last = pool.last;
    this.#binPorts = Math.max(1, Math.ceil((pool.last - pool.first + 1) / BINS));
  }

  observe({ portChoice, tuple, boot }: OpenSample): void {
    if (portChoice === "bound") return;
    const bin = Math.floor((tuple.localPort - this.#first) / this.#binPorts);
    // A device that leaves its range is blamed by the rules; here it falls into the nearest bin.
    const at = Math.min(this.#binCount - 1, Math.max(0, bin));
    this.#bins[at] = (this.#bins[at] ?? 0) + 1;
    this.#total++;
    if (this.#points.length < 2 * POINTS_MAX) this.#points.push(boot, tuple.localPort);
  }

  finish(): PortPlot | undefined {
    if (this.#total === 0) return undefined;
    return {
      first: this.#first,
      last: this.#last,
      binPorts: this.#binPorts,
      bins: [...this.#bins.slice(0, this.#binCount)],
      total: this.#total,
      points: this.#points,
    };
  }

  get #binCount(): number {
    return Math.ceil((this.#last - this.#first + 1) / this.#binPorts);
  }
}
