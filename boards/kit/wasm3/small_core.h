/**
 * Put in front of wasm3's operations (m3_compile.c): what they do in plain C is slow on a core of 32 bits
 * without a large C library. Nothing of wasm3 is changed; three names stand for something faster.
 */
#ifndef SMALL_CORE_H
#define SMALL_CORE_H

#include <stdint.h>

#include "m3_math_utils.h"
#include "wasm3.h"

/** i64.rotl: the halves change places for 32 bits, the rest is a shift of both. */
static inline __attribute__((always_inline)) uint64_t rotate_left(uint64_t x, uint32_t bits) {
  uint32_t low = (uint32_t)x;
  uint32_t high = (uint32_t)(x >> 32);
  if (bits & 32) {
    low = high;
    high = (uint32_t)x;
  }
  bits &= 31;
  // In two steps, for a shift by 32 is not defined.
  const uint32_t carried = low >> 1 >> (31 - bits);
  low = low << bits | high >> 1 >> (31 - bits);
  return (uint64_t)(high << bits | carried) << 32 | low;
}
#define rotl64(x, bits) rotate_left(x, (uint32_t)(bits))

/** Asked at every call of a function; nothing here wants to interrupt one. */
#define m3_Yield() m3Err_none

#endif
