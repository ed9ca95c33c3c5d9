/** Entropy sources of the virtual board, good and bad, as they are found in the field. */
import { UsageError } from "../core/errors.ts";
import { Random } from "../core/random.ts";

export const ENTROPY_KINDS = ["good", "stuck", "repeated", "absent", "biased"] as const;
export type EntropyKind = (typeof ENTROPY_KINDS)[number];

export interface EntropySource {
  /** Power comes on: a source that repeats itself starts over. */
  powerOn(): void;
  /** Fills `bytes` with raw noise; returns how many bytes were delivered. */
  fill(bytes: Uint8Array): number;
}

/** Independent bytes from a seeded stream, going on across boots. */
export function goodEntropy(random: Random): EntropySource {
  return {
    powerOn: () => {},
    fill: (bytes) => {
      random.fill(bytes);
      return bytes.length;
    },
  };
}

/** The same byte for ever: a generator whose clock was not switched on reads as zeros. */
export function stuckEntropy(value: number): EntropySource {
  return {
    powerOn: () => {},
    fill: (bytes) => {
      bytes.fill(value);
      return bytes.length;
    },
  };
}

/** Looks random, but gives the same stream at each boot: `rand()` with the seed left alone. */
function repeatedEntropy(seed: number): EntropySource {
  let random = new Random(seed);
  return {
    powerOn: () => {
      random = new Random(seed);
    },
    fill: (bytes) => {
      random.fill(bytes);
      return bytes.length;
    },
  };
}

/** No source at all: nothing is delivered. */
export function absentEntropy(): EntropySource {
  return { powerOn: () => {}, fill: () => 0 };
}

/** Each bit is 1 with probability `p`: a free-running oscillator locked to the supply, say. */
export function biasedEntropy(random: Random, p: number): EntropySource {
  return {
    powerOn: () => {},
    fill: (bytes) => {
      for (let i = 0; i < bytes.length; i++) {
        let byte = 0;
        for (let bit = 0; bit < 8; bit++) byte = (byte << 1) | (random.chance(p) ? 1 : 0);
        bytes[i] = byte;
      }
      return bytes.length;
    },
  };
}

/** A source by its name, with the usual parameters. */
export function entropySource(kind: EntropyKind, random: Random): EntropySource {
  switch (kind) {
    case "good":
      return goodEntropy(random);
    case "stuck":
      return stuckEntropy(0);
    case "repeated":
      return repeatedEntropy(random.seed);
    case "absent":
      return absentEntropy();
    case "biased":
      return biasedEntropy(random, 0.99);
    default:
      throw new UsageError(
        "unknown-entropy",
        `the virtual board has no entropy source ${JSON.stringify(kind)}`,
        `use one of ${ENTROPY_KINDS.join(", ")}`,
      );
  }
}
