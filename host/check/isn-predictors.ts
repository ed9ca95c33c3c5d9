/**
 * Ways in which ISNs of other tuples follow from observed ones. Each predictor says how unlikely its
 * evidence is on a good device: a bound on the chance, as a natural logarithm (chance.ts). All of
 * them together make fewer than 250 tests each time.
 */

import { lnBinomialTail, lnSameValue, lnUnevenness } from "./chance.ts";
import type { IsnBlock } from "./isn-sequence.ts";
import { linearFeedback, NAMED_GENERATORS } from "./known-generators.ts";

export interface Prediction {
  readonly lnChance: number;
  /** What gives the next ISN away, as the subject of a sentence. */
  readonly how: string;
}

/** The most telling predictors first: the first that is unlikely enough names the finding. */
export const ISN_PREDICTORS: readonly ((block: IsnBlock) => Prediction)[] = [
  constantStep,
  ...NAMED_GENERATORS,
  functionOfPort,
  commonDivisor,
  repeatedOutput,
  linearGenerator,
  commonStep,
  clockOnly,
  smallSteps,
  stuckBit,
  unevenSpread,
  linearFeedback,
];

const SURE: Prediction = { lnChance: 0, how: "" };

/** Nearly every step is the same (Contiki's counter, `ISN += 64000`). */
function constantStep(block: IsnBlock): Prediction {
  const hits = majorityHits(new Int32Array(block.steps));
  return hits * 4 >= block.steps.length * 3 ? commonStep(block) : SURE;
}

/** One step comes more often than chance allows, among others. */
function commonStep({ steps }: IsnBlock): Prediction {
  if (allDiffer(steps)) return SURE;
  const { value, hits } = mostCommon(steps);
  return {
    lnChance: lnSameValue(steps.length, hits),
    how: `${hits} of ${steps.length} steps between connections are ${value | 0}`,
  };
}

/**
 * All ISNs are equal modulo some number (the 64K rule; nmap's GCD). The chance that n − 1 ISNs agree
 * with the first modulo g or something larger is at most the sum of h^-(n−1) over h ≥ g. Divisors
 * above 2^16 count as 2^16, as the remainders of larger ones are not quite uniform.
 */
function commonDivisor({ isns }: IsnBlock): Prediction {
  const first = isns[0] ?? 0;
  let divisor = 0;
  for (const isn of isns) {
    divisor = greatestCommonDivisor(divisor, Math.abs(isn - first));
    if (divisor === 1) return SURE;
  }
  const others = isns.length - 1;
  // A divisor of zero means that all are equal, which is the constant step 0.
  if (divisor === 0 || others < 3) return SURE;
  const counted = Math.min(divisor, 65536);
  return {
    lnChance: -others * Math.log(counted) + Math.log(1 + counted / (others - 1)),
    how: `all ${isns.length} ISNs are equal modulo ${divisor}`,
  };
}

/** Different tuples get equal ISNs (a generator that starts over). */
function repeatedOutput({ isns }: IsnBlock): Prediction {
  if (allDiffer(isns)) return SURE;
  const repeats = isns.length - new Set(isns).size;
  return {
    lnChance: lnRepeats(isns.length, repeats),
    how: `${repeats} of ${isns.length} ISNs were given to another tuple before`,
  };
}

/** A linear congruential generator shows: each step is the step before times a constant. */
function linearGenerator({ ratios }: IsnBlock): Prediction {
  if (allDiffer(ratios)) return SURE;
  const { value, hits } = mostCommon(ratios);
  return {
    lnChance: lnSameValue(ratios.length, hits),
    how: `a linear congruential generator with the factor ${value} gives ${hits} of ${ratios.length} steps`,
  };
}

/**
 * ISN minus a multiple of the port is nearly always the same (Mongoose: the ISN is the port). Weaker
 * evidence is left to the other predictors, as ports that count up look like any slow counter.
 */
function functionOfPort({ isns, ports }: IsnBlock): Prediction {
  let best = SURE;
  const rests = new Int32Array(isns.length);
  for (const factor of [1, 2, 64, 256, 1000, 64000, 65536, 65537]) {
    for (let i = 0; i < isns.length; i++) {
      rests[i] = ((isns[i] ?? 0) - Math.imul(ports[i] ?? 0, factor)) | 0;
    }
    const hits = majorityHits(rests);
    if (hits * 4 < rests.length * 3) continue;
    const lnChance = lnSameValue(rests.length, hits);
    if (lnChance >= best.lnChance) continue;
    const times = factor === 1 ? "the local port" : `${factor} times the local port`;
    best = { lnChance, how: `the ISN is ${times} plus a constant in ${hits} of ${isns.length}` };
  }
  return best;
}

/** Clock rates of known stacks in ticks per second; others are estimated from the first pairs. */
const KNOWN_RATES_HZ = [250_000, 1e9 / 64, 1e9 / 256, 1e6, 128_000, 1000, 100, 2] as const;
const ESTIMATED_RATES_MAX = 16;

/** The step is the elapsed time at a constant rate (RFC 793's clock without a hash). */
function clockOnly(block: IsnBlock): Prediction {
  const steps = new Int32Array(block.timedSteps);
  const timesUs = new Float64Array(block.timesUs);
  if (timesUs.length < 4) return SURE;
  let best = { lnChance: 0, hits: 0, bits: 0 };
  let bestRate = 0;
  const within = emptyWindows();
  const rates = ratesToTry(block);
  for (let i = 0; i < rates.length; i++) {
    const rate = rates[i] ?? 0;
    within.fill(0);
    countClockErrors(within, steps, timesUs, rate);
    const near = nearest(within, steps.length);
    if (near.lnChance >= best.lnChance) continue;
    best = near;
    bestRate = rate;
  }
  // When the steps are as small as the errors, the clock explains nothing that smallness does not.
  if (best.lnChance >= nearZero(block.steps).lnChance * 1.1) return SURE;
  return {
    lnChance: best.lnChance,
    how: `a clock of ${Number(bestRate.toPrecision(4))} Hz gives ${best.hits} of ${steps.length} ISNs within ±2^${best.bits}`,
  };
}

function ratesToTry({ timedSteps, timesUs }: IsnBlock): Float64Array {
  const rates = new Float64Array(KNOWN_RATES_HZ.length + ESTIMATED_RATES_MAX);
  rates.set(KNOWN_RATES_HZ);
  let count = KNOWN_RATES_HZ.length;
  for (let i = 0; i < Math.min(timesUs.length, ESTIMATED_RATES_MAX); i++) {
    const step = timedSteps[i] ?? 0;
    if (step < 2 ** 31) rates[count++] = (step / (timesUs[i] ?? 1)) * 1e6;
  }
  return rates.subarray(0, count);
}

/** Counts what each step is off from a clock. Short, so that the engine compiles it at once. */
function countClockErrors(
  within: Int32Array,
  steps: Int32Array,
  timesUs: Float64Array,
  rate: number,
): void {
  for (let i = 0; i < steps.length; i++) {
    // `| 0` is the remainder modulo 2^32, for a fraction of what `%` costs.
    const due = Math.round(((timesUs[i] ?? 0) * rate) / 1e6) | 0;
    countError(within, ((steps[i] ?? 0) - due) | 0);
  }
}

/** The next ISN is close to the last one (slow clocks, tick counters). */
function smallSteps({ steps }: IsnBlock): Prediction {
  const near = nearZero(steps);
  return {
    lnChance: near.lnChance,
    how: `${near.hits} of ${steps.length} ISNs lie within ±2^${near.bits} of the one before`,
  };
}

/** A bit that is nearly always 0, or nearly always 1 (31-bit `rand()`, odd-only numbers). */
function stuckBit({ isns }: IsnBlock): Prediction {
  let most = { bit: 0, ones: 0, hits: 0 };
  const counters = bitCounters(isns);
  for (let bit = 0; bit < 32; bit++) {
    let ones = 0;
    for (let plane = 0; plane < counters.length; plane++) {
      ones += (((counters[plane] ?? 0) >>> bit) & 1) << plane;
    }
    const hits = Math.max(ones, isns.length - ones);
    if (hits > most.hits) most = { bit, ones, hits };
  }
  const { bit, ones, hits } = most;
  // The more hits, the less likely: only the bit with most of them counts.
  const lnChance = lnBinomialTail(isns.length, hits, 0.5) + Math.LN2;
  if (lnChance >= 0) return SURE;
  const value = ones === hits ? 1 : 0;
  return { lnChance, how: `bit ${bit} is ${value} in ${hits} of ${isns.length} ISNs` };
}

/**
 * How many of the values have each bit set, all 32 counted at once: word k holds bit k of every
 * count, and a value is added with carry.
 */
function bitCounters(values: readonly number[]): readonly number[] {
  const planes: number[] = [];
  for (const value of values) {
    let carry = value | 0;
    for (let plane = 0; carry !== 0; plane++) {
      const counted = planes[plane] ?? 0;
      planes[plane] = counted ^ carry;
      carry &= counted;
    }
  }
  return planes;
}

const EVEN_16: readonly number[] = new Array<number>(16).fill(1 / 16);

/** Sixteen equal ranges (top 4 bits), or the low 4 bits, are hit unevenly. */
function unevenSpread({ isns }: IsnBlock): Prediction {
  let best = SURE;
  for (const shift of [28, 0]) {
    const counts = new Array<number>(16).fill(0);
    for (const isn of isns) {
      const bucket = (isn >>> shift) & 15;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const lnChance = lnUnevenness(counts, EVEN_16);
    if (lnChance < best.lnChance) {
      const which = shift === 28 ? "top" : "low";
      best = {
        lnChance,
        how: `the ${which} 4 bits of ${isns.length} ISNs are spread unevenly (${counts.join(" ")})`,
      };
    }
  }
  return best;
}

const WINDOW_STEPS = 10;
/** The smallest window that holds a number of so many bits: ±2^2, ±2^5, … ±2^29, or none. */
const WINDOW_OF_BITS = Uint8Array.from({ length: 33 }, (_, bits) =>
  Math.max(0, Math.ceil((bits - 2) / 3)),
);

/** How many errors each window adds to the one before. */
function emptyWindows(): Int32Array {
  return new Int32Array(WINDOW_STEPS + 1);
}

function countError(within: Int32Array, error: number): void {
  const bits = error === 0 ? 0 : 32 - Math.clz32(Math.abs(error) - 1);
  const step = WINDOW_OF_BITS[bits] ?? WINDOW_STEPS;
  within[step] = (within[step] ?? 0) + 1;
}

/** How near zero the numbers lie, mod 2^32. */
function nearZero(numbers: readonly number[]) {
  const within = emptyWindows();
  for (const number of numbers) countError(within, number | 0);
  return nearest(within, numbers.length);
}

/** The most telling window ±2^bits around zero. A u32 lies in it with (2^(bits+1) + 1) / 2^32. */
function nearest(within: Int32Array, errors: number) {
  let best = { lnChance: 0, hits: 0, bits: 0 };
  let hits = 0;
  for (let step = 0; step < WINDOW_STEPS; step++) {
    const added = within[step] ?? 0;
    // The same hits in a wider window tell less.
    if (added === 0) continue;
    const bits = 2 + 3 * step;
    hits += added;
    const lnChance = lnBinomialTail(errors, hits, (2 * 2 ** bits + 1) / 2 ** 32);
    if (lnChance < best.lnChance) best = { lnChance, hits, bits };
  }
  return best;
}

/** ln of a bound on the chance of `repeats` repetitions: the k-th number repeats with (k−1)/2^32. */
function lnRepeats(n: number, repeats: number): number {
  return repeats === 0 ? 0 : lnBinomialTail(n, repeats, n / 2 ** 32);
}

/** How often the value of the majority occurs; fewer if there is none (R. Boyer, J. Moore, 1981). */
function majorityHits(values: Int32Array): number {
  let candidate = 0;
  let lead = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (lead === 0) candidate = value;
    lead += value === candidate ? 1 : -1;
  }
  if (lead === 0) return 0;
  let hits = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === candidate) hits += 1;
  return hits;
}

/** No number (mod 2^32) comes twice: nearly always so on a good device, and sorting is quick to tell. */
function allDiffer(values: readonly number[]): boolean {
  const sorted = new Int32Array(values).sort();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return false;
  return true;
}

function mostCommon(values: readonly number[]): { value: number; hits: number } {
  const counts = new Map<number, number>();
  let best = { value: 0, hits: 0 };
  for (const value of values) {
    const hits = (counts.get(value) ?? 0) + 1;
    counts.set(value, hits);
    if (hits > best.hits) best = { value, hits };
  }
  return best;
}

function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}
