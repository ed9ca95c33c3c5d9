/**
 * The one piece of memory of this runtime: tables, which stay as long as the module runs, from its end, and in
 * front of them words for compiled code.
 */
#ifndef ISNKIT_ARENA_H
#define ISNKIT_ARENA_H

// In front of what includes the one of wasm3.
#include "convention.h"

#include "m3_code.h"

#define ARENA_WORDS (ISNKIT_ARENA_BYTES / sizeof(code_t))

extern code_t arena_words[ARENA_WORDS];

/** Gives up every table. */
void arena_reset(void);

/** Memory for a table, zeroed and aligned to eight bytes, until the next reset; NULL when there is none. */
void *arena_take(uint32_t bytes);

/** Words in front of the tables. */
uint32_t arena_code_words(void);

/** Bytes that the tables hold. */
uint32_t arena_table_bytes(void);

#endif
