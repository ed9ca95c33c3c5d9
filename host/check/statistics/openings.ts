/** Connections of one device as the statistics look at them: each with what came before it. */

import type { OpenSample, Sample } from "../../core/sample.ts";
import { destinationKey, tupleKey } from "../../core/tuple.ts";
import { Boundness } from "../boundness.ts";

/** What is kept of the connection before. */
export interface EarlierOpening {
  readonly boot: number;
  readonly timeUs: number;
  readonly isn: number;
  readonly tsval: number | undefined;
  readonly destination: string;
}

export interface Opening {
  readonly sample: OpenSample;
  /** tupleKey and destinationKey of its tuple. */
  readonly tuple: string;
  readonly destination: string;
  /**
   * The tuple is new: on a good device its ISN is uniform and independent of all that came before
   * (RFC 6528 §3), and so is its TSval.
   */
  readonly fresh: boolean;
  /** The device's own allocator chose the port, as far as the source can tell. */
  readonly allocated: boolean;
  /** The first connection of its boot. */
  readonly firstOfBoot: boolean;
  /** The connection before, whatever its tuple and boot. */
  readonly before: EarlierOpening | undefined;
}

/** Tuples remembered; when they are so many, all are forgotten and count as new once more. */
const TUPLES_MAX = 16_384;

/** Turns samples into openings; memory is bounded. */
export class Openings {
  readonly #boundness = new Boundness();
  readonly #tuples = new Set<string>();
  #before: EarlierOpening | undefined;

  /** The opening that a sample is; undefined for the other kinds of sample. */
  take(sample: Sample): Opening | undefined {
    if (sample.kind !== "open") return undefined;
    this.#boundness.note(sample);
    const tuple = tupleKey(sample.tuple);
    const destination = destinationKey(sample.tuple);
    const before = this.#before;
    const fresh = !this.#tuples.has(tuple);
    if (this.#tuples.size >= TUPLES_MAX) this.#tuples.clear();
    this.#tuples.add(tuple);
    const { boot, timeUs, isn, tsval } = sample;
    this.#before = { boot, timeUs, isn, tsval, destination };
    return {
      sample,
      tuple,
      destination,
      fresh,
      allocated: this.#boundness.allocated(sample),
      firstOfBoot: before === undefined || before.boot !== boot,
      before,
    };
  }
}
