/**
 * Key from the board's entropy source, behind the health tests of NIST SP 800-90B §4.4. The source
 * is credited with one bit of entropy per byte, no more; 1,024 samples are tested (§4.3 asks for that
 * many at start-up) and condensed to 128 bits.
 */
import { Reason } from "./abi";
import { entropy } from "./board";
import { copyBytes, message, page } from "./memory";
import { pad, siphash } from "./siphash";

/** A window is one page. */
const WINDOW: u32 = 512;
const SAMPLES: u32 = 1024;
/** Repetition count test, §4.4.1: 1 + ⌈30 / H⌉ for a false alarm in 2^30 at H = 1 bit a sample. */
const REPETITIONS_MAX: u32 = 31;
/**
 * Adaptive proportion test, §4.4.2: window of 512 samples; the cutoff is one more than the smallest
 * count that a binomial of 512 and 1/2 exceeds with less than 2^-30.
 */
const PROPORTION_CUTOFF: u32 = 325;

export let keyLow: u64 = 0;
export let keyHigh: u64 = 0;

/** Leaves a fresh key in `keyLow`, `keyHigh`. Returns a reason, NONE when the key is good. */
export function drawKey(): u32 {
  keyLow = 0;
  keyHigh = 0;
  let runValue: u32 = 256;
  let runLength: u32 = 0;
  for (let window: u32 = 0; window < SAMPLES; window += WINDOW) {
    if (entropy(page, WINDOW) != WINDOW) return Reason.ENTROPY_ABSENT;
    const first = <u32>load<u8>(page);
    let equal: u32 = 0;
    for (let i: u32 = 0; i < WINDOW; i++) {
      const sample = <u32>load<u8>(page + i);
      runLength = sample == runValue ? runLength + 1 : 1;
      runValue = sample;
      if (sample == first) equal++;
      if (runLength >= REPETITIONS_MAX || equal >= PROPORTION_CUTOFF) {
        return Reason.ENTROPY_UNHEALTHY;
      }
    }
    for (let i: u32 = 0; i < WINDOW; i += 32) condense(page + i);
  }
  return Reason.NONE;
}

/** Chains 32 bytes into the key: each half is SipHash of the samples and a label under both halves. */
function condense(from: usize): void {
  copyBytes(message, from, 32);
  const low = siphash(keyLow, keyHigh, message, padLabel(0));
  keyHigh = siphash(keyLow, keyHigh, message, padLabel(1));
  keyLow = low;
}

function padLabel(label: u8): u32 {
  store<u8>(message, label, 32);
  return pad(message, 33);
}
