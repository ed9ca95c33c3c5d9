/** Generators of known stacks, written from their descriptions and not from the code that looks for them. */

export interface Generator {
  readonly name: string;
  /** The ISN of the next connection, `timeMs` after the first. */
  readonly start: (seed: number) => (timeMs: number) => number;
}

function minstd(factor: number) {
  return (seed: number) => {
    let state = BigInt(seed % 0x7fff_fffe) + 1n;
    return () => {
      state = (state * BigInt(factor)) % 0x7fff_ffffn;
      return Number(state);
    };
  };
}

function msvcRand(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 214013n + 2531011n) % 2n ** 32n;
    return Number((state / 65536n) % 32768n);
  };
}

function bigEndian(value: bigint): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(value));
  return bytes.readUInt32BE();
}

/** Taps 16, 14, 13, 11. */
function lfsr16(seed: number): () => number {
  let state = (seed & 0xffff) | 1;
  return () => {
    const bit = (state ^ (state >> 2) ^ (state >> 3) ^ (state >> 5)) & 1;
    state = (state >> 1) | (bit << 15);
    return state;
  };
}

function xorshift32(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** No generator of a stack: a good mixer of 64 bits, as a keyed hash would be. */
function good(seed: number): () => number {
  let state = BigInt(seed);
  const mask = 2n ** 64n - 1n;
  return () => {
    state = (state + 0x9e37_79b9_7f4a_7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
    return Number((z ^ (z >> 31n)) & 0xffff_ffffn);
  };
}

export const GENERATORS: readonly Generator[] = [
  { name: "minstd, factor 16807", start: minstd(16_807) },
  { name: "minstd, factor 48271", start: minstd(48_271) },
  {
    name: "MSVC rand(), two halves",
    start: (seed) => {
      const rand = msvcRand(seed);
      return () => rand() * 65_536 + rand();
    },
  },
  {
    name: "picoTCP",
    start: (seed) => {
      let state = BigInt(seed);
      return (timeMs) => {
        const clock = BigInt(5000 + Math.floor(timeMs));
        state = (state * 1_664_525n + 1_013_904_223n) % 2n ** 32n;
        state ^= 0xffff_ffffn - clock;
        return bigEndian(state);
      };
    },
  },
  {
    name: "LFSR of 16 bits, two outputs",
    start: (seed) => {
      const next = lfsr16(seed);
      return () => next() * 65_536 + next();
    },
  },
  { name: "xorshift32", start: (seed) => xorshift32(seed) },
  {
    name: "64K rule",
    start: (seed) => {
      let isn = (seed % 1000) * 64_000;
      return (timeMs) => {
        isn += 64_000 * (1 + (Math.floor(timeMs / 500) % 3));
        return isn % 2 ** 32;
      };
    },
  },
  {
    name: "LCG mod 2^32",
    start: (seed) => {
      let state = seed;
      return () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state;
      };
    },
  },
  {
    name: "clock of 250 kHz alone",
    start: (seed) => (ms) => (seed + Math.round(ms * 250)) % 2 ** 32,
  },
  { name: "counter", start: (seed) => (ms) => (ms >= 0 ? seed++ >>> 0 : 0) },
  {
    name: "keyed hash and clock (RFC 6528)",
    start: (seed) => {
      const hash = good(seed);
      return (ms) => (hash() + Math.round(ms * 250)) % 2 ** 32;
    },
  },
  { name: "random numbers", start: (seed) => good(seed ^ 0x5555) },
];
