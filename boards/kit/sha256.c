#include "sha256.h"

#include <string.h>

/** FIPS 180-4 §4.2.2: fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned bits) { return x >> bits | x << (32 - bits); }

static uint32_t load_be(const uint8_t *from) {
  return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void store_be(uint8_t *to, uint32_t x) {
  for (unsigned i = 0; i < 4; i++) to[i] = (uint8_t)(x >> (24 - 8 * i));
}

/** FIPS 180-4 §6.2.2, with the message schedule in a ring of 16 words. */
static void compress(uint32_t state[8], const uint8_t block[64]) {
  uint32_t w[16];
  uint32_t s[8];
  memcpy(s, state, sizeof s);
  for (unsigned t = 0; t < 64; t++) {
    if (t < 16) {
      w[t] = load_be(block + 4 * t);
    } else {
      const uint32_t x = w[(t + 1) & 15];
      const uint32_t y = w[(t + 14) & 15];
      w[t & 15] += w[(t + 9) & 15] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
                   (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    const uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                        ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[t] + w[t & 15];
    const uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                        ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (unsigned i = 0; i < 8; i++) state[i] += s[i];
}

void isnkit_sha256(const uint8_t *data, uint32_t bytes, uint8_t digest[ISNKIT_SHA256_BYTES]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint32_t left = bytes;
  for (; left >= 64; left -= 64, data += 64) compress(state, data);
  uint8_t block[64] = {0};
  memcpy(block, data, left);
  block[left] = 0x80;
  if (left >= 56) {
    compress(state, block);
    memset(block, 0, sizeof block);
  }
  store_be(block + 60, bytes << 3);
  compress(state, block);
  for (unsigned i = 0; i < 8; i++) store_be(digest + 4 * i, state[i]);
}
