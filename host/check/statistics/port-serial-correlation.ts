/**
 * Serial correlation of ports: whether a port tells where the next one lies, over all destinations.
 * Places in the pool count from −½ to ½, so their mean is known, and the products of neighbours are
 * a martingale on a good device: Freedman's inequality (1975) bounds their sum.
 */
import { poolRanks } from "./port-pool.ts";
import type { StatisticKind } from "./statistic.ts";

const [PAIRS, PRODUCTS, SQUARES] = [0, 1, 2];
/** Variance of a uniform place, and the greatest product of two. */
const VARIANCE = 1 / 12;
const PRODUCT_MAX = 1 / 4;

export const portSerialCorrelation: StatisticKind = {
  id: "port-serial-correlation",
  name: "serial correlation of ports",
  unit: "of ±1",
  source: "RFC 6056 §3.2; Freedman 1975 for the bound",
  explanation:
    "how much a port tells of the next one: 0 nothing, 1 that it is close by, −1 that it lies at the other end",
  rule: "port-predictable",
  size: 3,
  sampleSizeMin: 64,
  start({ ports: pool }) {
    const counts = [0, 0, 0];
    const rankOf = pool === undefined ? undefined : poolRanks(pool);
    let before: number | undefined;
    return {
      counts,
      add({ allocated, sample }) {
        const place = allocated ? rankOf?.(sample.tuple.localPort) : undefined;
        if (place === undefined) return;
        const centred = place - 0.5;
        if (before !== undefined) {
          counts[PAIRS] = (counts[PAIRS] ?? 0) + 1;
          counts[PRODUCTS] = (counts[PRODUCTS] ?? 0) + before * centred;
          counts[SQUARES] = (counts[SQUARES] ?? 0) + before * before;
        }
        before = centred;
      },
    };
  },
  judge([pairs = 0, products = 0, squares = 0]) {
    if (pairs === 0) return { sampleSize: 0, limit: "", lnChance: 0 };
    const excess = Math.abs(products);
    // What the places so far leave open; never less than is due, so that few samples stay cautious.
    const variation = Math.max(squares, pairs * VARIANCE) * VARIANCE;
    const lnTail = -(excess ** 2) / (2 * (variation + (PRODUCT_MAX * excess) / 3));
    // The mean is known to be 0, so that this is within ±1 but for the last place of the run.
    const correlation = squares === 0 ? 0 : Math.min(1, Math.max(-1, products / squares));
    return {
      value: Number(correlation.toFixed(4)),
      sampleSize: pairs,
      limit: `±${(3 / Math.sqrt(pairs)).toFixed(3)} in 99.7 % of runs`,
      lnChance: Math.min(0, lnTail + Math.LN2),
    };
  },
};
