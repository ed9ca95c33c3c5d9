/**
 * A keyed permutation of 0 … size − 1: a Feistel network over two parts of about √size, alternately
 * added into each other (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, §5), with
 * cycle walking for what lies beyond the size. Ten rounds, as NIST SP 800-38G uses for FF1; the round
 * function is SipHash-2-4 under the device key over (tweak, round, half), so values for one tweak
 * tell nothing about another's or about the index.
 */
import { message } from "./memory";
import { siphash } from "./siphash";
import { k0, k1 } from "./tuple";

const ROUNDS: u32 = 10;

/** Maps `index` (below `size`, size 1 … 65536) under `tweak`; a bijection for each tweak. */
export function permute(tweak: u64, index: u32, size: u32): u32 {
  const columns = ceilSqrt(size);
  const rows = (size + columns - 1) / columns;
  let value = index;
  do {
    let column = value % columns;
    let row = value / columns;
    for (let round: u32 = 0; round < ROUNDS; round += 2) {
      column = (column + half(tweak, round, row)) % columns;
      row = (row + half(tweak, round + 1, column)) % rows;
    }
    value = row * columns + column;
  } while (value >= size);
  return value;
}

/** 31 bits, so that adding a half below 2^16 cannot wrap; reducing them mod 256 is even to 2^-23. */
function half(tweak: u64, round: u32, value: u32): u32 {
  store<u64>(message, tweak);
  store<u64>(message + 8, <u64>round | ((<u64>value) << 8) | ((<u64>11) << 56));
  return <u32>(siphash(k0, k1, message, 2) >> 33);
}

/** The smallest n with n × n ≥ size. */
function ceilSqrt(size: u32): u32 {
  let n: u32 = 1;
  while (n * n < size) n++;
  return n;
}
