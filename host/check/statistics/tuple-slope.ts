/**
 * How fast the ISN of one tuple moves: its clock, seen through connections that come back to the same
 * tuple, within a boot and across boots. RFC 9293 §3.4.1 asks for a clock of about 4 µs a tick that
 * never goes back; a key per boot makes half of all pairs go back.
 */
import { serialDistance } from "../../core/serial.ts";
import type { StatisticKind } from "./statistic.ts";

/** Rates are counted by quarter octaves, from 1 tick a second up. */
const BINS = 160;
const PER_OCTAVE = 4;
const [FORWARD, BACKWARD] = [BINS, BINS + 1];
/** Tuples followed at once; the one met longest ago is forgotten first. */
const TUPLES_MAX = 4096;

export const tupleSlope: StatisticKind = {
  id: "tuple-slope",
  name: "ISN clock of one tuple, median",
  unit: "Hz",
  source: "RFC 9293 §3.4.1, RFC 6528 §3",
  explanation:
    "how fast the ISN moves between two connections of one tuple within a boot; 250,000 Hz is the clock of the RFC, fast transfers push it up (0: no such pair); going back, also across boots, is wrong",
  rule: "isn-backward",
  size: BINS + 2,
  sampleSizeMin: 4,
  start({ twoMslUs }) {
    const counts = new Array<number>(BINS + 2).fill(0);
    const last = new Map<string, { boot: number; timeUs: number; isn: number }>();
    return {
      counts,
      add({ sample: { boot, timeUs, isn }, tuple }) {
        const before = last.get(tuple);
        last.delete(tuple);
        if (last.size >= TUPLES_MAX)
          for (const oldest of last.keys()) {
            last.delete(oldest);
            break;
          }
        last.set(tuple, { boot, timeUs, isn });
        // Past 2 × MSL the numbers may be anywhere, and by then the clock may have gone round.
        if (before === undefined || timeUs <= before.timeUs) return;
        if (timeUs - before.timeUs > twoMslUs) return;
        const distance = serialDistance(before.isn, isn);
        const way = distance > 0 ? FORWARD : BACKWARD;
        counts[way] = (counts[way] ?? 0) + 1;
        // A lease is skipped at each boot, so only pairs of one boot show the clock's rate.
        if (distance <= 0 || boot !== before.boot) return;
        const rateHz = (distance * 1e6) / (timeUs - before.timeUs);
        const bin = Math.min(BINS - 1, Math.max(0, Math.floor(PER_OCTAVE * Math.log2(rateHz))));
        counts[bin] = (counts[bin] ?? 0) + 1;
      },
    };
  },
  judge(counts) {
    const forward = counts[FORWARD] ?? 0;
    const backward = counts[BACKWARD] ?? 0;
    const sampleSize = forward + backward;
    let passed = 0;
    const rates = counts.slice(0, BINS);
    const rated = rates.reduce((sum, count) => sum + count, 0);
    const middle = rates.findIndex((count) => {
      passed += count;
      return count > 0 && 2 * passed >= rated;
    });
    // The middle of the bin; one bin is 19 % wide, so two digits are what it can tell.
    const rate = middle < 0 ? 0 : Number((2 ** ((middle + 0.5) / PER_OCTAVE)).toPrecision(2));
    return {
      ...(sampleSize === 0 ? {} : { value: rate }),
      sampleSize,
      limit: `${backward} of ${sampleSize} pairs go back; none may`,
      lnChance: backward > 0 ? -Infinity : 0,
    };
  },
};
