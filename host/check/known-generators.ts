/**
 * ISNs against the generators of known stacks. Each test says how unlikely it is that a good device agrees
 * with the generator (a bound, as in chance.ts), and what the next ISN would be.
 */
import { lnChoose } from "./chance.ts";
import type { IsnBlock } from "./isn-sequence.ts";

/** What a generator would have given, and what it gives next. */
export interface KnownGenerator {
  readonly lnChance: number;
  /** The generator, the stack and the advisory, as the subject of a sentence. */
  readonly how: string;
}

const NONE: KnownGenerator = { lnChance: 0, how: "" };
const LN_2_32 = 32 * Math.LN2;
/** Only so many of a long block are looked at. */
const ISNS_MAX = 128;

/** Those of which few numbers are enough. */
export const NAMED_GENERATORS: readonly ((block: IsnBlock) => KnownGenerator)[] = [
  minimalStandard,
  halvesOfRand,
  picoTcp,
];

/** x ← a·x mod 2^31 − 1 (Park and Miller), each ISN a whole state: three of them are enough. */
function minimalStandard({ isns }: IsnBlock): KnownGenerator {
  const prime = 2 ** 31 - 1;
  for (const factor of [16_807, 48_271]) {
    // The product has less than 2^48, so that it is exact.
    const next = (isn: number) => (isn * factor) % prime;
    let hits = 0;
    for (let i = 1; i < isns.length; i++) {
      if (next(isns[i - 1] ?? 0) === isns[i] && isns[i] !== 0) hits += 1;
    }
    if (hits < 2 || hits * 4 < (isns.length - 1) * 3) continue;
    return {
      lnChance: chanceOf(isns.length - 1, hits, LN_2_32),
      how: `minstd with the factor ${factor} (random() of avr-libc, std::minstd_rand; CWE-330, CWE-343) gives ${hits} of ${isns.length - 1} ISNs from the one before; the next one is ${next(isns.at(-1) ?? 0)}`,
    };
  }
  return NONE;
}

/** `rand() << 16 | rand()` with the 15-bit `rand` of MSVC, whose state has 31 bits that count. */
function halvesOfRand({ isns }: IsnBlock): KnownGenerator {
  const some = isns.slice(0, ISNS_MAX);
  // Both halves have 15 bits: a good device passes once in 4^n.
  if (some.length < 3 || some.some((isn) => (isn & 0x8000_8000) !== 0)) return NONE;
  const [first = 0] = some;
  const high = (first >>> 16) & 0x7fff;
  for (let low = 0; low < 2 ** 16; low++) {
    const state = ((high << 16) | low) >>> 0;
    const after = stepRand(state);
    if (((after >>> 16) & 0x7fff) !== (first & 0x7fff)) continue;
    const { hits, last } = followRand(after, some);
    if (hits < 2 || hits !== some.length - 1) continue;
    return {
      // The state is one of 2^31; each further ISN agrees in 30 bits that are chosen, and 2 that are 0.
      lnChance: 31 * Math.LN2 - hits * LN_2_32,
      how: `two calls of the 15-bit rand() of MSVC (CWE-330, CWE-343; CVE-2020-27636 is of this kind) give all ${some.length} ISNs from the first one; the next one is ${halves(last)}`,
    };
  }
  return NONE;
}

function stepRand(state: number): number {
  return (Math.imul(state, 214_013) + 2_531_011) >>> 0;
}

function halves(state: number): number {
  const one = stepRand(state);
  const two = stepRand(one);
  return ((((one >>> 16) & 0x7fff) << 16) | ((two >>> 16) & 0x7fff)) >>> 0;
}

/** How many of the ISNs after the first the generator gives from this state on. */
function followRand(from: number, isns: readonly number[]): { hits: number; last: number } {
  let state = from;
  let hits = 0;
  for (const isn of isns.slice(1)) {
    if (halves(state) !== isn) break;
    hits += 1;
    state = stepRand(stepRand(state));
  }
  return { hits, last: state };
}

const PICO_FACTOR = 1_664_525;
const PICO_SUM = 1_013_904_223;
/** The millisecond counter and the time of the capture may drift apart by so many between two ISNs. */
const PICO_SLACK_MS = 20;

/** picoTCP: s ← (s · 1664525 + 1013904223) xor ~ms, the ISN is s with its bytes swapped. */
function picoTcp({ isns, openedUs }: IsnBlock): KnownGenerator {
  let hits = 0;
  let pairs = 0;
  let before: { ms: number; timeUs: number } | undefined;
  for (let i = 1; i < isns.length; i++) {
    const timeUs = openedUs[i] ?? 0;
    const now = { ms: picoClock(isns[i - 1] ?? 0, isns[i] ?? 0), timeUs };
    if (before !== undefined) {
      const advanced = (now.ms - before.ms) | 0;
      pairs += 1;
      const due = (now.timeUs - before.timeUs) / 1000;
      if (Math.abs(advanced - due) <= PICO_SLACK_MS) hits += 1;
    }
    before = now;
  }
  if (hits < 2 || hits * 4 < pairs * 3) return NONE;
  const lnPerHit = LN_2_32 - Math.log(2 * PICO_SLACK_MS + 2);
  const state = swapped(isns.at(-1) ?? 0);
  const clock = before?.ms ?? 0;
  const next = swapped(((Math.imul(state, PICO_FACTOR) + PICO_SUM) ^ ~(clock + 1000)) >>> 0);
  return {
    lnChance: chanceOf(pairs, hits, lnPerHit),
    how: `pico_rand of picoTCP (CVE-2020-27635, CWE-330, CWE-343) gives ${hits} of ${pairs} ISNs from the one before and the time; one second after the last it is ${next}`,
  };
}

/** The counter of milliseconds that leads from one ISN to the next. */
function picoClock(before: number, after: number): number {
  return ~((Math.imul(swapped(before), PICO_FACTOR) + PICO_SUM) ^ swapped(after)) >>> 0;
}

function swapped(value: number): number {
  const middle = ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00);
  return ((value << 24) | middle | (value >>> 24)) >>> 0;
}

/** `hits` of `trials` agree, each by chance with exp(−lnPerHit): choose which ones. */
function chanceOf(trials: number, hits: number, lnPerHit: number): number {
  return Math.min(0, lnChoose(trials, hits) - hits * lnPerHit);
}

/**
 * Each bit of the ISNs, as a sequence, is made by a shift register of L bits with linear feedback
 * (Berlekamp and Massey). Of n random bits the shortest register has at most L with a chance below
 * 2^(2L − n + 1), and the 32 bits of good ISNs are independent.
 */
export function linearFeedback({ isns }: IsnBlock): KnownGenerator {
  const some = isns.slice(-ISNS_MAX);
  const count = some.length;
  let longest = 0;
  let next = 0;
  for (let bit = 31; bit >= 0; bit--) {
    const bits = some.map((isn) => (isn >>> bit) & 1);
    const { length, coming } = shortestRegister(bits);
    if (2 * length + 3 > count) return NONE;
    longest = Math.max(longest, length);
    next |= coming << bit;
  }
  // A counter has such bits as well, and is told by others.
  if (longest < 3) return NONE;
  return {
    lnChance: 32 * (2 * longest - count + 1) * Math.LN2,
    how: `a shift register of ${longest} bits with linear feedback makes all of the last ${count} ISNs (an LFSR, as in old versions of Microchip's TCP/IP stack, or xorshift; CWE-330, CWE-343): ${longest <= 32 ? `${2 ** longest - 1} states in all, ` : ""}the next one is ${next >>> 0}`,
  };
}

/** Length of the shortest register that makes the bits, and the bit that it makes next. */
function shortestRegister(bits: readonly number[]): { length: number; coming: number } {
  const current = new Uint8Array(bits.length + 1);
  current[0] = 1;
  let before = current.slice();
  let length = 0;
  let shift = 1;
  for (let n = 0; n < bits.length; n++) {
    if (discrepancy(bits, current, length, n) === 0) {
      shift += 1;
      continue;
    }
    const kept = current.slice();
    for (let i = 0; i + shift < current.length; i++) {
      current[i + shift] = (current[i + shift] ?? 0) ^ (before[i] ?? 0);
    }
    if (2 * length > n) {
      shift += 1;
      continue;
    }
    length = n + 1 - length;
    before = kept;
    shift = 1;
  }
  let coming = 0;
  for (let i = 1; i <= length; i++) coming ^= (current[i] ?? 0) & (bits[bits.length - i] ?? 0);
  return { length, coming };
}

function discrepancy(
  bits: readonly number[],
  register: Uint8Array,
  length: number,
  n: number,
): number {
  let sum = bits[n] ?? 0;
  for (let i = 1; i <= length; i++) sum ^= (register[i] ?? 0) & (bits[n - i] ?? 0);
  return sum;
}
