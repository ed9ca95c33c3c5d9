#include "test_entropy.h"

#include <string.h>

uint32_t test_entropy_stuck(void *context, uint8_t *to, uint32_t bytes) {
  (void)context;
  memset(to, 0x5a, bytes);
  return bytes;
}

uint32_t test_entropy_varied(void *context, uint8_t *to, uint32_t bytes) {
  static uint32_t state = 1;
  (void)context;
  for (uint32_t i = 0; i < bytes; i++) {
    state = state * 1664525u + 1013904223u;
    to[i] = (uint8_t)(state >> 24);
  }
  return bytes;
}
