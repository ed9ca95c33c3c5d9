#include "arena.h"

#include <stdbool.h>
#include <string.h>

/** In front of each block; blocks lie one after another, so sizes alone link them. */
typedef struct block {
  /** Bytes behind the header, a multiple of 8. */
  uint32_t bytes;
  uint32_t used;
} block;

static uint8_t arena[ISNKIT_ARENA_BYTES] __attribute__((aligned(8)));
static uint32_t in_use;
static uint32_t peak;

static block *first(void) { return (block *)(void *)arena; }
static block *after(block *at) { return (block *)(void *)((uint8_t *)(at + 1) + at->bytes); }
static bool inside(const block *at) { return (const uint8_t *)at < arena + sizeof arena; }

void isnkit_arena_reset(void) {
  first()->bytes = sizeof arena - sizeof(block);
  first()->used = 0;
  in_use = 0;
}

/** Cuts the rest off a block that is larger than needed. */
static void split(block *at, uint32_t bytes) {
  if (at->bytes < bytes + sizeof(block) + 8) return;
  const uint32_t rest = at->bytes - bytes - sizeof(block);
  at->bytes = bytes;
  after(at)->bytes = rest;
  after(at)->used = 0;
}

static void join_free_neighbours(block *at) {
  while (inside(after(at)) && !after(at)->used) at->bytes += sizeof(block) + after(at)->bytes;
}

static void take(block *at, uint32_t bytes) {
  split(at, bytes);
  at->used = 1;
  in_use += at->bytes + sizeof(block);
  if (in_use > peak) peak = in_use;
}

void *isnkit_arena_calloc(size_t count, size_t size) {
  if (size != 0 && count > ISNKIT_ARENA_BYTES / size) return NULL;
  const uint32_t bytes = (uint32_t)(count * size + 7) & ~7u;
  for (block *at = first(); inside(at); at = after(at)) {
    if (at->used) continue;
    join_free_neighbours(at);
    if (at->bytes < bytes) continue;
    take(at, bytes);
    memset(at + 1, 0, at->bytes);
    return at + 1;
  }
  return NULL;
}

void isnkit_arena_free(void *memory) {
  if (memory == NULL) return;
  block *at = (block *)memory - 1;
  at->used = 0;
  in_use -= at->bytes + sizeof(block);
}

void *isnkit_arena_realloc(void *memory, size_t size) {
  if (memory == NULL) return isnkit_arena_calloc(size, 1);
  if (size > ISNKIT_ARENA_BYTES) return NULL;
  block *at = (block *)memory - 1;
  const uint32_t bytes = (uint32_t)(size + 7) & ~7u;
  const uint32_t before = at->bytes;
  // Growing in place keeps the arena from being torn into holes by wasm3's growing tables.
  in_use -= at->bytes + sizeof(block);
  join_free_neighbours(at);
  if (at->bytes >= bytes) {
    take(at, bytes);
    return memory;
  }
  take(at, at->bytes);
  void *moved = isnkit_arena_calloc(size, 1);
  if (moved == NULL) return NULL;
  memcpy(moved, memory, before);
  isnkit_arena_free(memory);
  return moved;
}

uint32_t isnkit_arena_peak(void) { return peak; }
