/**
 * Entropy health: the most-common-value estimate of NIST SP 800-90B §6.3.1, for each of the four
 * octets of the steps between ISNs of different tuples. An octet that favours a value is a weak hash
 * or a weak key.
 */

import { serialForward } from "../../core/serial.ts";
import { lnBinomialTail } from "../chance.ts";
import type { StatisticKind } from "./statistic.ts";

const OCTETS = 4;
const VALUES = 256;
/** Upper end of the 99 % interval, as in the standard. */
const Z_99 = 2.576;

export const isnEntropy: StatisticKind = {
  id: "isn-entropy",
  name: "min-entropy of ISN steps between tuples",
  unit: "bits of 32",
  source: "NIST SP 800-90B §6.3.1 (most common value)",
  explanation:
    "how many bits of a step between ISNs of different tuples are hidden, estimated from the most common value of each octet; the estimate is cautious and rises with the sample size",
  rule: "isn-predictable",
  size: OCTETS * VALUES,
  sampleSizeMin: 256,
  start() {
    const counts = new Array<number>(OCTETS * VALUES).fill(0);
    return {
      counts,
      add({ fresh, before, sample }) {
        if (!fresh || before === undefined) return;
        const step = serialForward(before.isn, sample.isn);
        for (let octet = 0; octet < OCTETS; octet++) {
          const at = octet * VALUES + ((step >>> (8 * octet)) & 255);
          counts[at] = (counts[at] ?? 0) + 1;
        }
      },
    };
  },
  judge(counts) {
    const sampleSize = counts.slice(0, VALUES).reduce((sum, count) => sum + count, 0);
    if (sampleSize < 2) return { sampleSize, limit: "", lnChance: 0 };
    let bits = 0;
    let most = 0;
    for (let octet = 0; octet < OCTETS; octet++) {
      const hits = Math.max(...counts.slice(octet * VALUES, (octet + 1) * VALUES));
      bits += minEntropyBits(hits, sampleSize);
      most = Math.max(most, hits);
    }
    const lnChance = lnBinomialTail(sampleSize, most, 1 / VALUES) + Math.log(OCTETS * VALUES);
    return {
      value: Number(bits.toFixed(2)),
      sampleSize,
      limit: `the most common octet came ${most} times, ${(sampleSize / VALUES).toFixed(1)} are due`,
      lnChance: Math.min(0, lnChance),
    };
  },
};

function minEntropyBits(hits: number, samples: number): number {
  const share = hits / samples;
  const upper = Math.min(1, share + Z_99 * Math.sqrt((share * (1 - share)) / (samples - 1)));
  return -Math.log2(upper);
}
