/**
 * Chi-square of the ports that the device chose, over 64 parts of its pool. The chance is the proven
 * bound for the relative entropy of the counts, which holds for few samples and far tails as well.
 */
import { lnUnevenness } from "../chance.ts";
import { poolRanks } from "./port-pool.ts";
import type { StatisticKind } from "./statistic.ts";

const BINS = 64;
const EVEN = new Array<number>(BINS).fill(1 / BINS);

export const portSpread: StatisticKind = {
  id: "port-spread",
  name: "chi-square of ports, per degree of freedom",
  unit: "",
  source: "RFC 6056 §3.2; Pearson's chi-square, Agrawal 2020 for the bound",
  explanation:
    "how unevenly the device's ports fill 64 equal parts of its pool; about 1 by chance, less when ports do not repeat, and much more when some are favoured",
  rule: "port-predictable",
  size: BINS,
  sampleSizeMin: 64,
  start({ ports: pool }) {
    const counts = new Array<number>(BINS).fill(0);
    const rankOf = pool === undefined ? undefined : poolRanks(pool);
    return {
      counts,
      add({ allocated, sample }) {
        const place = allocated ? rankOf?.(sample.tuple.localPort) : undefined;
        if (place === undefined) return;
        const bin = Math.floor(place * BINS);
        counts[bin] = (counts[bin] ?? 0) + 1;
      },
    };
  },
  judge(counts) {
    const sampleSize = counts.reduce((sum, count) => sum + count, 0);
    if (sampleSize === 0) return { sampleSize, limit: "", lnChance: 0 };
    const due = sampleSize / BINS;
    const square = counts.reduce((sum, count) => sum + (count - due) ** 2 / due, 0);
    const freedom = BINS - 1;
    // Mean 1 and this deviation, when all ports are equally likely.
    const deviation = Math.sqrt(2 / freedom);
    return {
      value: Number((square / freedom).toFixed(3)),
      sampleSize,
      limit: `1 ± ${(3 * deviation).toFixed(2)} in 99.7 % of runs`,
      lnChance: lnUnevenness(counts, EVEN),
    };
  },
};
