/**
 * Whether the ISNs of different tuples know of each other: the step from the connection before to an
 * ISN of a new tuple is uniform on a good device (RFC 6528 §3), in its top bits and in its low bits.
 */

import { serialForward } from "../../core/serial.ts";
import { lnUnevenness } from "../chance.ts";
import type { StatisticKind } from "./statistic.ts";

const BINS = 64;
const EVEN = new Array<number>(BINS).fill(1 / BINS);

export const tupleIndependence: StatisticKind = {
  id: "tuple-independence",
  name: "spread of ISN steps between tuples",
  unit: "of 1",
  source: "RFC 6528 §3; Agrawal 2020 for the bound",
  explanation:
    "how evenly the steps between ISNs of different tuples fill 64 equal ranges, by top and by low bits; 1 is even, 0 means that one range has all",
  rule: "isn-predictable",
  size: 2 * BINS,
  sampleSizeMin: 64,
  start() {
    const counts = new Array<number>(2 * BINS).fill(0);
    return {
      counts,
      add({ fresh, before, sample }) {
        if (!fresh || before === undefined) return;
        const step = serialForward(before.isn, sample.isn);
        const top = step >>> 26;
        const low = BINS + (step & (BINS - 1));
        counts[top] = (counts[top] ?? 0) + 1;
        counts[low] = (counts[low] ?? 0) + 1;
      },
    };
  },
  judge(counts) {
    const halves = [counts.slice(0, BINS), counts.slice(BINS)];
    const sampleSize = (halves[0] ?? []).reduce((sum, count) => sum + count, 0);
    const lnChance = Math.min(...halves.map((half) => lnUnevenness(half, EVEN))) + Math.LN2;
    return {
      ...(sampleSize === 0 ? {} : { value: Math.min(...halves.map(evenness)) }),
      sampleSize,
      limit: `1 less the unevenness that chance brings, here about ${(evennessDue(sampleSize)).toFixed(3)}`,
      lnChance: Math.min(0, lnChance),
    };
  },
};

/** Entropy of the shares, over that of equal shares. */
function evenness(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const nats = counts.reduce(
    (sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log(count / total)),
    0,
  );
  return Number((nats / Math.log(BINS)).toFixed(4));
}

/** The expected entropy falls short by (bins − 1) / 2n nats (Miller 1955). */
function evennessDue(samples: number): number {
  return Math.max(0, 1 - (BINS - 1) / (2 * Math.max(1, samples)) / Math.log(BINS));
}
