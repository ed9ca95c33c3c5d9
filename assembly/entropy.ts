/**
 * Key from the board's entropy source, behind the health tests of NIST SP 800-90B §4.4. The source
 * is credited with one bit of entropy per byte, no more; 1,024 samples are tested (§4.3 asks for that
 * many at start-up) and condensed to 128 bits.
 */
import { Reason } from "./abi";
import { entropy } from "./board";
import { copyWords, page } from "./memory";
import { MESSAGE_END, setHashKey, siphash } from "./siphash";
import { k0, k1 } from "./tuple";

/** A window is one page. */
const WINDOW: u32 = 512;
const SAMPLES: u32 = 1024;
/** What is hashed at once: 32 samples, and the word that ends a message. */
const PIECE: u32 = 32;
const PIECE_START: usize = MESSAGE_END - 40;
/** Repetition count test, §4.4.1: 1 + ⌈30 / H⌉ for a false alarm in 2^30 at H = 1 bit a sample. */
const REPETITIONS_MAX: u32 = 31;
/**
 * Adaptive proportion test, §4.4.2: window of 512 samples; the cutoff is one more than the smallest
 * count that a binomial of 512 and 1/2 exceeds with less than 2^-30.
 */
const PROPORTION_CUTOFF: u32 = 325;

export let keyLow: u64 = 0;
export let keyHigh: u64 = 0;

/** A key that comes from outside. */
export function giveKey(low: u64, high: u64): void {
  keyLow = low;
  keyHigh = high;
}

/** Leaves a fresh key in `keyLow`, `keyHigh`. Returns a reason, NONE when the key is good. */
export function drawKey(): u32 {
  const problem = condense();
  setHashKey(k0, k1);
  return problem;
}

function condense(): u32 {
  keyLow = 0;
  keyHigh = 0;
  let runValue: u32 = 256;
  let runLength: u32 = 0;
  for (let window: u32 = 0; window < SAMPLES; window += WINDOW) {
    if (entropy(page, WINDOW) != WINDOW) return Reason.ENTROPY_ABSENT;
    const first = <u32>load<u8>(page);
    let equal: u32 = 0;
    let i: u32 = 0;
    do {
      const sample = <u32>load<u8>(page + i);
      runLength = sample == runValue ? runLength + 1 : 1;
      runValue = sample;
      if (sample == first) equal++;
      if (runLength >= REPETITIONS_MAX || equal >= PROPORTION_CUTOFF) {
        return Reason.ENTROPY_UNHEALTHY;
      }
    } while (++i != WINDOW);
    store<u64>(MESSAGE_END - 8, (<u64>PIECE) << 56);
    let done: u32 = 0;
    do {
      copyWords(PIECE_START, page + done, PIECE);
      done += PIECE;
      // Nothing is lost with the message: a call that draws a key does not go on to a number.
      // Each half of the key takes in every piece, under both halves so far.
      setHashKey(keyLow, keyHigh);
      keyLow = siphash(PIECE_START);
      setHashKey(keyHigh, keyLow);
      keyHigh = siphash(PIECE_START);
    } while (done != WINDOW);
  }
  return Reason.NONE;
}
