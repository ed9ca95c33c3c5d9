/** Numbers of an incarnation as words of 32 bits, and back (full-record.ts, brief-record.ts). */
import type { Incarnation, Side } from "./flow.ts";
import type { FlowPool } from "./flow-pool.ts";

const U32 = 2 ** 32;
/** The first packet's time and frame share a word for what lies above 32 bits of each. */
export const OPENED_US_MAX = 2 ** 52 - 1;
export const OPENED_FRAME_MAX = 2 ** 44 - 1;
const FRAME_HIGH_SHIFT = 20;

export const SIDES: readonly (Side | undefined)[] = [undefined, "client", "server"];

/** The place of a side in `SIDES`, without a search for each connection. */
export function sideBits(side: Side | undefined): number {
  if (side === undefined) return 0;
  return side === "client" ? 1 : 2;
}

/** Writes time and frame of the first packet, in three words. */
export function writeOpened(
  { openedUs, openedFrame }: Incarnation,
  words: Int32Array,
  at: number,
): void {
  words[at] = openedUs;
  words[at + 1] = openedFrame;
  words[at + 2] = highOf(openedUs) | (highOf(openedFrame) << FRAME_HIGH_SHIFT);
}

/** An incarnation of the pool that began as the one did of which `writeOpened` was told. */
export function readOpened(
  words: Int32Array,
  at: number,
  pool: FlowPool,
  clientIsA: boolean,
  sawSyn: boolean,
): Incarnation {
  const high = words[at + 2] ?? 0;
  const openedUs = joined(high & (2 ** FRAME_HIGH_SHIFT - 1), unsigned(words, at));
  const openedFrame = joined(high >>> FRAME_HIGH_SHIFT, unsigned(words, at + 1));
  return pool.incarnation(clientIsA, sawSyn, openedFrame, openedUs);
}

/** A frame or a time as a word: 0 stays 0, which means none; all others count from 1. */
export function since(value: number, opened: number): number {
  return value === 0 ? 0 : value - opened + 1;
}

/** The frame or time that `since` has made a word of. */
export function moment(word: number, opened: number): number {
  return word === 0 ? 0 : word - 1 + opened;
}

function highOf(value: number): number {
  return Math.floor(value / U32);
}

/** A sum of fractions would be no small number to the engine, whatever its value (flow.ts). */
function joined(high: number, low: number): number {
  return high === 0 ? low : high * U32 + low;
}

export function unsigned(words: Int32Array, at: number): number {
  return (words[at] ?? 0) >>> 0;
}
