// SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), §2.
#include "bench_siphash.h"

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

// A macro over locals: an array would live in memory, and be measured instead of the hash.
#define ROUND                         \
  do {                                \
    v0 += v1;                         \
    v2 += v3;                         \
    v1 = ROTATE(v1, 13) ^ v0;         \
    v3 = ROTATE(v3, 16) ^ v2;         \
    v0 = ROTATE(v0, 32);              \
    v2 += v1;                         \
    v0 += v3;                         \
    v1 = ROTATE(v1, 17) ^ v2;         \
    v3 = ROTATE(v3, 21) ^ v0;         \
    v2 = ROTATE(v2, 32);              \
  } while (0)

uint64_t bench_siphash24(const uint64_t key[2], const uint64_t *words, uint32_t count) {
  uint64_t v0 = key[0] ^ 0x736f6d6570736575u;
  uint64_t v1 = key[1] ^ 0x646f72616e646f6du;
  uint64_t v2 = key[0] ^ 0x6c7967656e657261u;
  uint64_t v3 = key[1] ^ 0x7465646279746573u;
  for (uint32_t i = 0; i < count; i++) {
    v3 ^= words[i];
    ROUND;
    ROUND;
    v0 ^= words[i];
  }
  v2 ^= 0xff;
  ROUND;
  ROUND;
  ROUND;
  ROUND;
  return v0 ^ v1 ^ v2 ^ v3;
}
