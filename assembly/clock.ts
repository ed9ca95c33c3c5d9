/**
 * Time since boot in ticks of 4 µs (RFC 9293 §3.4.1), from a free-running 32-bit counter of any rate.
 * No division on the way: the rate becomes a multiplier and a shift once, at configuration.
 */
import { ticks } from "./board";
import { add, Counter } from "./counters";

/** Ticks of the sequence clock a second. */
export const TICKS_HZ: u32 = 250_000;
export const TICKS_PER_MS: u32 = 250;

/** Ticks since boot. */
export let uptime: u64 = 0;

let multiplier: u64 = 0;
let shift: u64 = 0;
let lastCount: u32 = 0;
/** Counter steps that do not make a tick yet, scaled by the multiplier. */
let remainder: u64 = 0;

/** Declares the counter's rate in Hz. False for 0. */
export function setRate(hz: u32): bool {
  if (hz == 0) return false;
  // The largest shift whose multiplier stays below 2^31: then a step below 2^31 times the
  // multiplier, and the remainder, fit 64 bits, and the rate is exact to 2^-30.
  shift = 0;
  while (((<u64>TICKS_HZ) << (shift + 1)) / hz < 0x8000_0000) shift++;
  multiplier = ((<u64>TICKS_HZ) << shift) / hz;
  return true;
}

export function rateSet(): bool {
  return multiplier != 0;
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
  if (step > 0x7fff_ffff) {
    add(Counter.CLOCK_FAULTS, 1);
    return 0;
  }
  const scaled = <u64>step * multiplier + remainder;
  const passed = scaled >> shift;
  remainder = scaled - (passed << shift);
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
