/**
 * SipHash-2-4, the keyed hash behind every number (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). RFC 6528 §3 asks for a keyed function of the tuple; SipHash is a PRF, so
 * neither the key nor another tuple's value follows from the values seen.
 */

/**
 * Hashes `blocks` little-endian 64-bit words at `from` under the key `k0`, `k1`. The caller has
 * padded the message with zeros and put its length mod 256 into the last byte of the last word.
 */
export function siphash(k0: u64, k1: u64, from: usize, blocks: u32): u64 {
  let v0: u64 = k0 ^ 0x736f6d6570736575;
  let v1: u64 = k1 ^ 0x646f72616e646f6d;
  let v2: u64 = k0 ^ 0x6c7967656e657261;
  let v3: u64 = k1 ^ 0x7465646279746573;
  // Finalisation is one more step of the same loop, with no message and four rounds for two: one
  // copy of the round keeps the module small.
  for (let i: u32 = 0; i <= blocks; i++) {
    let m: u64 = 0;
    let rounds: u32 = 2;
    if (i == blocks) {
      v2 ^= 0xff;
      rounds = 4;
    } else {
      m = load<u64>(from + ((<usize>i) << 3));
    }
    v3 ^= m;
    for (; rounds != 0; rounds--) {
      v0 += v1;
      v1 = rotl<u64>(v1, 13) ^ v0;
      v0 = rotl<u64>(v0, 32);
      v2 += v3;
      v3 = rotl<u64>(v3, 16) ^ v2;
      v0 += v3;
      v3 = rotl<u64>(v3, 21) ^ v0;
      v2 += v1;
      v1 = rotl<u64>(v1, 17) ^ v2;
      v2 = rotl<u64>(v2, 32);
    }
    v0 ^= m;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

/** Pads the `bytes` bytes at `at` for `siphash` and returns the number of blocks. */
export function pad(at: usize, bytes: u32): u32 {
  const blocks = (bytes >> 3) + 1;
  const end = blocks << 3;
  for (let i = bytes; i < end - 1; i++) store<u8>(at + i, 0);
  store<u8>(at + end - 1, <u8>bytes);
  return blocks;
}
