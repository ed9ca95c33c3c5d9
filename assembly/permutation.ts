/**
 * A keyed permutation of 0 … size − 1: a Feistel network over two parts of about √size, alternately
 * added into each other (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, §5), with
 * cycle walking for what lies beyond the size. Ten rounds, as NIST SP 800-38G uses for FF1; the round
 * function is SipHash-2-4 under the device key over (tweak, round, half), so values for one tweak
 * tell nothing about another's or about the index.
 */
import { copyWords, page } from "./memory";
import { MESSAGE_END, siphash } from "./siphash";

const ROUNDS: u32 = 10;
/** A message of 11 bytes: the tweak, the round, the half. */
const START: usize = MESSAGE_END - 16;

/** Maps `index` (below `size`, size 1 … 65536) under `tweak`; a bijection for each tweak. */
export function permute(tweak: u64, index: u32, size: u32): u32 {
  const columns = ceilSqrt(size);
  const rows = (size + columns - 1) / columns;
  // The last words are the round function's for a while; a selected tuple gets them back.
  copyWords(page, START, 16);
  store<u64>(START, tweak);
  let value = index;
  do {
    let column = value % columns;
    let row = value / columns;
    let round: u32 = 0;
    do {
      column = (column + half(round, row)) % columns;
      row = (row + half(round + 1, column)) % rows;
      round += 2;
    } while (round != ROUNDS);
    value = row * columns + column;
  } while (value >= size);
  copyWords(START, page, 16);
  return value;
}

/** 31 bits, so that adding a half below 2^16 cannot wrap; reducing them mod 256 is even to 2^-23. */
function half(round: u32, value: u32): u32 {
  store<u32>(START, round | (value << 8), 8);
  store<u32>(START, 11 << 24, 12);
  return <u32>(siphash(START) >> 33);
}

/** The smallest n with n × n ≥ size. */
function ceilSqrt(size: u32): u32 {
  // ⌈size / 256⌉ is no larger while the size is at most 2^16, and close for the large rings.
  let n = (size + 255) >> 8;
  while (n * n < size) n++;
  return n;
}
