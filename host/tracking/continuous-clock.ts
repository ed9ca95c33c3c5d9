/** Timestamps that advance with the time of the capture: the clock ran on, so the host did not restart. */
import { serialForward } from "../core/serial.ts";

export interface ClockReading {
  readonly tsval: number;
  readonly timeUs: number;
}

/** Ticks per second of known stacks (RFC 7323 §5.4 asks for 1 ms to 1 s). */
const RATES_HZ = [1000, 250, 100, 10, 1_000_000] as const;
/** Fewer ticks fit a rate by chance. */
const TICKS_MIN = 50;
const DEVIATION_MAX = 0.01;
/** A packet may wait before it is recorded. */
const DELAY_MAX_US = 20_000;

/** Between the two readings the clock has gone on by what the time of the capture says. */
export function ranOn(before: ClockReading, after: ClockReading): boolean {
  const elapsedUs = after.timeUs - before.timeUs;
  const ticks = serialForward(before.tsval, after.tsval);
  if (elapsedUs <= 0 || ticks < TICKS_MIN || ticks >= 2 ** 31) return false;
  const slackUs = DELAY_MAX_US + DEVIATION_MAX * elapsedUs;
  for (const hz of RATES_HZ) {
    const tickUs = 1e6 / hz;
    if (Math.abs(ticks * tickUs - elapsedUs) <= slackUs + tickUs) return true;
  }
  return false;
}
