#include "arena.h"

#include <string.h>

#define WORDS_OF_EIGHT_BYTES (8 / sizeof(code_t))

code_t arena_words[ARENA_WORDS] __attribute__((aligned(8)));

static uint32_t code_words;

void arena_reset(void) { code_words = ARENA_WORDS; }

void *arena_take(uint32_t bytes) {
  const uint32_t words = (bytes + 7) / 8 * WORDS_OF_EIGHT_BYTES;
  if (words > code_words) return NULL;
  code_words -= words;
  return memset(&arena_words[code_words], 0, words * sizeof(code_t));
}

uint32_t arena_code_words(void) { return code_words; }

uint32_t arena_table_bytes(void) { return (ARENA_WORDS - code_words) * sizeof(code_t); }
