/**
 * SipHash-2-4, the keyed hash behind every number (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). RFC 6528 §3 asks for a keyed function of the tuple; SipHash is a PRF, so
 * neither the key nor another tuple's value follows from the values seen.
 */
import { message } from "./memory";

/**
 * Messages end here, whatever their length: the last byte before it holds the length. Two zero words
 * lie behind it and are never written.
 */
export const MESSAGE_END: usize = message + 64;
/** The finalisation is two more steps of the same loop, over the two zero words. */
const FINAL_END: usize = MESSAGE_END + 16;

/** What a key makes of the state that every hash starts from. */
let start0: u64 = 0;
let start1: u64 = 0;
let start2: u64 = 0;
let start3: u64 = 0;

/** The key of the hashes that follow; first eight bytes in `low`, little-endian. */
export function setHashKey(low: u64, high: u64): void {
  start0 = low ^ 0x736f6d6570736575;
  start1 = high ^ 0x646f72616e646f6d;
  start2 = low ^ 0x6c7967656e657261;
  start3 = high ^ 0x7465646279746573;
}

/**
 * Hashes the little-endian 64-bit words from `from` to `MESSAGE_END`. The caller has padded the
 * message with zeros and put its length into the last byte.
 */
export function siphash(from: usize): u64 {
  let v0 = start0;
  let v1 = start1;
  let v2 = start2;
  let v3 = start3;
  do {
    const m = load<u64>(from);
    v3 ^= m;
    // Two rounds, written out: this loop is most of the cost of every number.
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32) + v3;
    v2 += v1;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32) + v3;
    v2 += v1;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
    v0 ^= m;
    from += 8;
    if (from == MESSAGE_END) v2 ^= 0xff;
  } while (from != FINAL_END);
  return v0 ^ v1 ^ v2 ^ v3;
}
