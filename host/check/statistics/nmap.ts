/**
 * nmap's three figures of ISNs, by its formulas (G. Lyon, "Nmap Network Scanning", chapter 8, tests
 * GCD, ISR and SP): six ISNs give five steps, each the shorter way round mod 2^32, and five rates.
 *
 *   GCD  greatest common divisor of the steps
 *   ISR  8 · log2(mean rate per second), 0 below one
 *   SP   8 · log2(standard deviation of the rates), over the GCD when that is above 9; 0 below one
 *
 * nmap probes a server 100 ms apart. Here six connections of new tuples in a row, whatever their
 * destinations, stand for its probes, with the time that really lay between them: connections far
 * apart in time give lower figures, so the limits follow the times.
 *
 * Chance: a step of a good device is uniform, shorter way round in 0 … 2^31, so its rate lies in a
 * given range of width w with at most w · Δt / 2^31, whatever came before. For a standard deviation
 * up to x all rates lie within x·√8 of each other (the squares sum to at most 4x²), so four of them
 * lie within ±x·√8 of the fifth; for a mean up to x all lie below 5x.
 */

import { serialForward } from "../../core/serial.ts";
import { lnBinomialTail } from "../chance.ts";
import type { Opening } from "./openings.ts";
import type { StatisticCounter, StatisticKind } from "./statistic.ts";

const PROBES = 6;
/** Figures of windows are counted by value; nmap's greatest possible SP or ISR is below this. */
const FIGURES = 512;
/** A window counts as weak when a good device shows it with less than this. */
const WEAK = 2 ** -8;
/** At most sum of h^-5 over h ≥ 2, plus what folding the steps adds. */
const COMMON_DIVISOR_CHANCE = 0.04;

export interface NmapFigures {
  readonly gcd: number;
  readonly isr: number;
  readonly sp: number;
  /** Bounds on the chance of an SP, and of an ISR, as low as this on a good device. */
  readonly spChance: number;
  readonly isrChance: number;
}

/** The figures of six ISNs (u32) at times in microseconds. */
export function nmapFigures(isns: readonly number[], timesUs: readonly number[]): NmapFigures {
  const steps: number[] = [];
  const elapsedUs: number[] = [];
  for (let i = 1; i < isns.length; i++) {
    const forward = serialForward(isns[i - 1] ?? 0, isns[i] ?? 0);
    steps.push(Math.min(forward, 2 ** 32 - forward));
    // As nmap does: two answers at the same instant count as a microsecond apart.
    elapsedUs.push(Math.max(1, (timesUs[i] ?? 0) - (timesUs[i - 1] ?? 0)));
  }
  const rates = steps.map((step, i) => (step * 1e6) / (elapsedUs[i] ?? 1));
  const gcd = steps.reduce(greatestCommonDivisor, 0);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const divisor = gcd > 9 ? gcd : 1;
  const squares = rates.reduce((sum, rate) => sum + ((rate - mean) / divisor) ** 2, 0);
  const deviation = Math.sqrt(squares / (rates.length - 1));
  const densities = elapsedUs.map((us) => us / 1e6 / 2 ** 31);
  return {
    gcd,
    isr: index(mean),
    sp: index(deviation),
    spChance: spChance(Math.max(1, deviation), gcd, densities),
    isrChance: densities.reduce((p, density) => p * Math.min(1, 5 * mean * density), 1),
  };
}

/**
 * With a divisor g above 9 the steps agree mod g, which has the chance of g^-5 and more, and the
 * deviation was that of the quotients. Both are counted: the divisor by nmap-gcd, here the spread.
 */
function spChance(deviation: number, gcd: number, densities: readonly number[]): number {
  const width = 2 * Math.sqrt(8) * deviation * (gcd > 9 ? gcd : 1);
  // The widest of the five is the one that the others lie around.
  const narrow = [...densities].sort((a, b) => a - b).slice(0, -1);
  return narrow.reduce((p, density) => p * Math.min(1, width * density), 1);
}

function index(perSecond: number): number {
  return perSecond <= 1 ? 0 : Math.floor(8 * Math.log2(perSecond) + 0.5);
}

function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Windows of six, counted by figure, and the weak ones at the end. */
function windows(measure: (figures: NmapFigures) => { at: number; weak: boolean }) {
  return (): StatisticCounter => {
    const counts = new Array<number>(FIGURES + 1).fill(0);
    let isns: number[] = [];
    let timesUs: number[] = [];
    return {
      counts,
      add({ fresh, sample }: Opening) {
        if (!fresh) return;
        isns.push(sample.isn);
        timesUs.push(sample.timeUs);
        if (isns.length < PROBES) return;
        const { at, weak } = measure(nmapFigures(isns, timesUs));
        const bin = Math.min(FIGURES - 1, at);
        counts[bin] = (counts[bin] ?? 0) + 1;
        if (weak) counts[FIGURES] = (counts[FIGURES] ?? 0) + 1;
        isns = [];
        timesUs = [];
      },
    };
  };
}

function judge(counts: readonly number[], weakChance: number, what: string) {
  const figures = counts.slice(0, FIGURES);
  const sampleSize = figures.reduce((sum, count) => sum + count, 0);
  const weak = counts[FIGURES] ?? 0;
  return {
    ...(sampleSize === 0 ? {} : { value: median(figures, sampleSize) }),
    sampleSize,
    limit: `${weak} of ${sampleSize} windows ${what}; chance allows ${Math.ceil(sampleSize * weakChance)} or so`,
    lnChance: lnBinomialTail(sampleSize, weak, weakChance),
  };
}

function median(figures: readonly number[], total: number): number {
  let passed = 0;
  for (let figure = 0; figure < figures.length; figure++) {
    passed += figures[figure] ?? 0;
    if (2 * passed >= total) return figure;
  }
  return figures.length - 1;
}

const SHARED = {
  unit: "",
  source: "nmap OS detection, tests SP, GCD and ISR",
  size: FIGURES + 1,
  sampleSizeMin: 8,
  rule: "isn-predictable",
} as const;

export const nmapSp: StatisticKind = {
  ...SHARED,
  id: "nmap-sp",
  name: "ISN predictability index (nmap SP), median",
  explanation:
    "8 times the binary logarithm of how much the ISN rate varies; higher is harder to predict, and 0 is a plain counter",
  start: windows(({ sp, spChance: chance }) => ({ at: sp, weak: chance < WEAK })),
  judge: (counts) => judge(counts, WEAK, "vary less than a good device's"),
};

export const nmapGcd: StatisticKind = {
  ...SHARED,
  id: "nmap-gcd",
  name: "common divisor of ISN steps (nmap GCD), median",
  explanation:
    "the greatest number that divides all steps of six ISNs; 1 is good, a large one means a counter with a fixed stride (0: all equal; 511: that or more)",
  start: windows(({ gcd }) => ({ at: gcd, weak: gcd !== 1 })),
  judge: (counts) => judge(counts, COMMON_DIVISOR_CHANCE, "have one above 1"),
};

export const nmapIsr: StatisticKind = {
  ...SHARED,
  id: "nmap-isr",
  name: "ISN counter rate (nmap ISR), median",
  explanation:
    "8 times the binary logarithm of the mean ISN rate per second between connections; low means a slow counter whose next number is near",
  start: windows(({ isr, isrChance }) => ({ at: isr, weak: isrChance < WEAK })),
  judge: (counts) => judge(counts, WEAK, "are slower than a good device's"),
};
