/**
 * Serial arithmetic on 32-bit sequence numbers (RFC 9293 §3.4, RFC 1982).
 * Sequence numbers and timestamps are compared here and nowhere else.
 */

/** Adds mod 2^32; both in and out are u32. */
export function serialAdd(a: number, b: number): number {
  return (a + b) >>> 0;
}

/**
 * Signed distance from `from` to `to` mod 2^32, in −2^31 … 2^31 − 1.
 * Positive: `to` is serially after `from`. −2^31 is the one distance that has no direction.
 */
export function serialDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** True when `to` is serially after `from`: the distance is 1 … 2^31 − 1. */
export function serialAfter(to: number, from: number): boolean {
  return serialDistance(from, to) > 0;
}

/** Unsigned distance going forward from `from` to `to`, 0 … 2^32 − 1. */
export function serialForward(from: number, to: number): number {
  return (to - from) >>> 0;
}
