// SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), §2.
#include "bench_siphash.h"

#include <string.h>

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

uint64_t bench_siphash24(const uint64_t key[2], const uint8_t *message, uint32_t bytes) {
  uint64_t v0 = key[0] ^ 0x736f6d6570736575u;
  uint64_t v1 = key[1] ^ 0x646f72616e646f6du;
  uint64_t v2 = key[0] ^ 0x6c7967656e657261u;
  uint64_t v3 = key[1] ^ 0x7465646279746573u;
  const uint32_t words = bytes / 8;
  for (uint32_t i = 0; i <= words; i++, message += 8) {
    uint64_t word = (uint64_t)bytes << 56;
    if (i < words) memcpy(&word, message, 8);
    else
      for (uint32_t k = 0; k < bytes % 8; k++) word |= (uint64_t)message[k] << (8 * k);
    v3 ^= word;
    ROUND;
    ROUND;
    v0 ^= word;
  }
  v2 ^= 0xff;
  ROUND;
  ROUND;
  ROUND;
  ROUND;
  return v0 ^ v1 ^ v2 ^ v3;
}
