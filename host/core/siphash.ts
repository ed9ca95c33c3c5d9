/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) on 32-bit halves, so
 * that nothing of the key stays behind: BigInts and strings could not be wiped.
 */

/** v0 to v3, each as its low and its high half. */
const WORDS = 8;
const FINAL_ROUNDS = 4;
const ROUNDS = 2;

/** The low 32 bits of the hash of `message` under a 16-byte key, u32. Its state is wiped. */
export function sipHashLow(key: Uint8Array, message: Uint8Array): number {
  const v = new Uint32Array(WORDS);
  const m = new Uint32Array(2);
  start(v, key);
  const blocks = (message.length >> 3) + 1;
  for (let i = 0; i < blocks; i++) {
    for (const half of [0, 1]) m[half] = messageHalf(message, 8 * i + 4 * half, blocks);
    xor(v, 6, m);
    for (let round = 0; round < ROUNDS; round++) mix(v);
    xor(v, 0, m);
  }
  v[4] = at(v, 4) ^ 0xff;
  for (let round = 0; round < FINAL_ROUNDS; round++) mix(v);
  const low = (at(v, 0) ^ at(v, 2) ^ at(v, 4) ^ at(v, 6)) >>> 0;
  v.fill(0);
  return low;
}

/** "somepseudorandomlygeneratedbytes", little-endian, low halves first. */
const START = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
] as const;

function start(v: Uint32Array, key: Uint8Array): void {
  for (let i = 0; i < WORDS; i++) v[i] = (START[i] ?? 0) ^ half(key, (i % 4) * 4);
}

function half(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = (value << 8) | (bytes[offset + i] ?? 0);
  return value >>> 0;
}

/** Padded with zeros; the very last byte is the length mod 256. */
function messageHalf(message: Uint8Array, offset: number, blocks: number): number {
  const last = offset + 4 === blocks * 8;
  return last
    ? (half(message, offset) | ((message.length & 0xff) << 24)) >>> 0
    : half(message, offset);
}

function at(v: Uint32Array, i: number): number {
  return v[i] ?? 0;
}

function xor(v: Uint32Array, i: number, by: Uint32Array): void {
  v[i] = at(v, i) ^ at(by, 0);
  v[i + 1] = at(v, i + 1) ^ at(by, 1);
}

function mix(v: Uint32Array): void {
  step(v, 0, 2, 13, true);
  step(v, 4, 6, 16, false);
  step(v, 0, 6, 21, false);
  step(v, 4, 2, 17, true);
}

/** `a += b; b = rotl(b, bits) ^ a`, and, with `swaps`, `a = rotl(a, 32)`. */
function step(v: Uint32Array, a: number, b: number, bits: number, swaps: boolean): void {
  const sum = at(v, a) + at(v, b);
  v[a] = sum;
  v[a + 1] = at(v, a + 1) + at(v, b + 1) + (sum > 0xffff_ffff ? 1 : 0);
  const [low, high] = [at(v, b), at(v, b + 1)];
  v[b] = ((low << bits) | (high >>> (32 - bits))) ^ at(v, a);
  v[b + 1] = ((high << bits) | (low >>> (32 - bits))) ^ at(v, a + 1);
  if (!swaps) return;
  const kept = at(v, a);
  v[a] = at(v, a + 1);
  v[a + 1] = kept;
}
