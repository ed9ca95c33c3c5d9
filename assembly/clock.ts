/**
 * Time since boot in ticks of 4 µs (RFC 9293 §3.4.1), from a free-running 32-bit counter of any rate.
 * No division on the way: the rate becomes whole ticks a count and a fraction once, at configuration.
 */
import { ticks } from "./board";
import { add, Counter } from "./counters";

/** Ticks of the sequence clock a second. */
export const TICKS_HZ: u32 = 250_000;
export const TICKS_PER_MS: u32 = 250;

/** Ticks since boot. */
export let uptime: u64 = 0;

/** Ticks a count: `whole` + `fraction` / 2^(32 + `shift`), rounded down. */
let whole: u32 = 0;
let fraction: u32 = 0;
let shift: u32 = 0;
let lastCount: u32 = 0;
/** Counts that do not make a tick yet, in 2^-(32 + shift) ticks, and the mask of what is less. */
let remainder: u64 = 0;
let remainderMask: u64 = 0;

/**
 * A count takes at most 7,813 ticks, which the guard covers; half a wrap takes more than the second
 * between two polls.
 */
const HZ_MIN: u32 = 32;
const HZ_MAX: u32 = 2_000_000_000;

/** Declares the counter's rate in Hz. False when it is out of bounds. */
export function setRate(hz: u32): bool {
  if (hz < HZ_MIN || hz > HZ_MAX) return false;
  whole = TICKS_HZ / hz;
  fraction = 0;
  // Long division, 32 bits and as many more as lead with zeros: the rate is exact to 2^-31, a step
  // below 2^31 times the fraction fits 64 bits with the remainder, and no 64-bit division is linked.
  let bits: u32 = 0;
  for (let left = TICKS_HZ % hz; bits < 32 || <i32>fraction > 0; bits++) {
    const carry = left >> 31;
    left <<= 1;
    fraction <<= 1;
    if (carry == 0 && left < hz) continue;
    left -= hz;
    fraction++;
  }
  shift = bits - 32;
  remainderMask = ((<u64>((1 << shift) - 1)) << 32) | 0xffff_ffff;
  return true;
}

export function rateSet(): bool {
  return (whole | fraction) != 0;
}

export function startClock(): void {
  uptime = 0;
  remainder = 0;
  lastCount = ticks();
}

/**
 * Follows the counter; returns the ticks that have passed since the last call. A step of more than
 * half the range is a poll that came too late or a counter that ran backwards: taking it for time
 * could throw the clock up to 2^31 ahead, so no time is counted, which is always safe.
 */
export function followCounter(): u64 {
  const now = ticks();
  const step = now - lastCount;
  lastCount = now;
  if (<i32>step < 0) {
    add(Counter.CLOCK_FAULTS, 1);
    return 0;
  }
  const scaled = <u64>step * fraction + remainder;
  remainder = scaled & remainderMask;
  // The high word alone is shifted: a shift of 64 bits is a dozen instructions on a small core.
  const passed = <u64>step * whole + (<u32>(scaled >> 32) >> shift);
  uptime += passed;
  return passed;
}

/**
 * Time since boot in units of 256 ticks, for deadlines; compare it serially. A unit is 1.024 ms:
 * taken for a millisecond, it makes a wait 2.4 % longer, never shorter.
 */
export function coarseNow(): u32 {
  return <u32>(uptime >> 8);
}
