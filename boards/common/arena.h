/**
 * The only dynamic memory of the kit: a fixed arena for wasm3, which allocates while it loads and
 * compiles the module. First fit, neighbours are joined when freed; reset as a whole before each start
 * of the module, so that nothing leaks over restarts.
 */
#ifndef ISNKIT_ARENA_H
#define ISNKIT_ARENA_H

#include <stddef.h>
#include <stdint.h>

#ifndef ISNKIT_ARENA_BYTES
#define ISNKIT_ARENA_BYTES (32u * 1024u)
#endif

void isnkit_arena_reset(void);

/** Zeroed memory, aligned to 8 bytes; NULL when the arena is full. */
void *isnkit_arena_calloc(size_t count, size_t size);
void *isnkit_arena_realloc(void *block, size_t size);
void isnkit_arena_free(void *block);

/** The most bytes that were ever in use between two resets, headers included. */
uint32_t isnkit_arena_peak(void);

#endif
