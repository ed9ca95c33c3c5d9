/** Serial arithmetic mod 2^32 (RFC 9293 §3.4). Sequence numbers are compared here and nowhere else. */

/** Signed distance from `from` to `to`, −2^31 … 2^31 − 1; positive when `to` is serially after. */
export function distance(from: u32, to: u32): i32 {
  return <i32>(to - from);
}

/** True when `to` is serially after `from`. */
export function after(to: u32, from: u32): bool {
  return distance(from, to) > 0;
}
