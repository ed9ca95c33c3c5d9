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

/**
 * Ticks a count: `whole` + `fraction` / 2^32, rounded down. So the clock is never fast, and slow by
 * hz / 250,000 × 2^-32 at most: 1 part in 10^9 at 1 MHz, 2 in 10^6 at 2 GHz, where a crystal is off by 20.
 */
let whole: u32 = 0;
let fraction: u32 = 0;
let lastCount: u32 = 0;
/** Counts that do not make a tick yet, in 2^-32 ticks. */
let remainder: u32 = 0;

/**
 * A count takes at most 7,813 ticks, which the guard covers; half a wrap takes more than the second
 * between two polls.
 */
const HZ_MIN: u32 = 32;
const HZ_MAX: u32 = 2_000_000_000;

/** Declares the counter's rate in Hz. False when it is out of bounds. */
export function setRate(hz: u32): bool {
  if (hz - HZ_MIN > HZ_MAX - HZ_MIN) return false;
  whole = TICKS_HZ / hz;
  // Long division: no 64-bit division is linked. What is left is below the rate, so below 2^31.
  let left = TICKS_HZ % hz;
  let bits = 32;
  do {
    left <<= 1;
    fraction <<= 1;
    if (left >= hz) {
      left -= hz;
      fraction++;
    }
  } while (--bits);
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
  remainder = <u32>scaled;
  const passed = <u64>step * whole + (scaled >> 32);
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
