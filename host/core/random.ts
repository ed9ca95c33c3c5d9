/**
 * Deterministic randomness for simulations: 32-bit integer arithmetic only, so the same seed gives
 * the same run on any machine. Not fit for keys of real devices.
 */
import { xoroshiro128plus } from "pure-rand/generator/XoroShiro";

const TWO_32 = 0x1_0000_0000;

/** Mixes two words into one (the finalizer of MurmurHash3 over their combination). */
export function mix32(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul((b + 0x7f4a7c15) | 0, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A seeded stream of numbers that can be split into independent streams. */
export class Random {
  /** The seed of this stream, u32: with it, `new Random(seed)` starts the same stream anew. */
  readonly seed: number;
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    // The generator's first outputs are close for close seeds, so the seed is spread first.
    this.#generator = xoroshiro128plus(mix32(this.seed, 0x15e7) | 0);
    this.#generator.unsafeNext();
  }

  /** 0 … 2^32 − 1. */
  u32(): number {
    return this.#generator.unsafeNext() >>> 0;
  }

  /** A whole number from `low` to `high`, both included; their distance is below 2^32. */
  int(low: number, high: number): number {
    // The bias of scaling is at most range / 2^32, which no simulation here can notice.
    return low + Math.floor((this.u32() / TWO_32) * (high - low + 1));
  }

  /** True with probability `p`, 0 … 1. */
  chance(p: number): boolean {
    return this.u32() < p * TWO_32;
  }

  /** One of the items; there must be at least one. */
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.int(0, items.length - 1)] ?? items[0];
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() >>> 24;
  }

  /**
   * An independent stream for a part of the work. It depends on this stream's seed, the label and
   * the index only, not on what was drawn before: case i is the same however many cases are run.
   */
  split(label: string, index = 0): Random {
    let h = this.seed;
    for (let i = 0; i < label.length; i++) h = mix32(h, label.charCodeAt(i));
    return new Random(mix32(h, index));
  }
}
