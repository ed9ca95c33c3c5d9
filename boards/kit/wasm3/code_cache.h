/**
 * Compiled functions as a cache. Code is made when a function is called, and overwritten, oldest first, when
 * others need its place: also while the function runs, for calls and loops find their way back by function and
 * offset. Compiling is a function of the module alone, so code that is made anew has the same layout.
 */
#ifndef ISNKIT_CODE_CACHE_H
#define ISNKIT_CODE_CACHE_H

// In front of what includes the one of wasm3.
#include "convention.h"

#include "m3_code.h"

/** The first two words of code: what a call sets up before it runs the rest. Constants end the code. */
typedef struct code_frame {
  uint16_t stack_slots;
  uint16_t argument_slots;
  uint16_t local_words;
  uint16_t constant_words;
} code_frame;
#define FRAME_WORDS (sizeof(code_frame) / sizeof(code_t))

/** Where code stands in its function: what is left of `pc` when the code moves. */
typedef uint32_t code_place;
#define CODE_PLACE(function, offset) ((function) | (code_place)(offset) << 16)

/** Changes whenever code is overwritten: pointers into the cache that are older are void. */
extern uint32_t cache_changes;

/** Before another module is loaded. */
void cache_reset(void);

/** Compiles each function of the loaded module once, to learn its length and whether it can be compiled. */
M3Result cache_measure(void);

/** Brings a function's code into the cache. */
M3Result cache_fill(uint32_t function);

/** The same place in the code as it is now; NULL when the function is not in the cache. */
pc_t cache_find(code_place place);

/** The place of the next word that is emitted. */
code_place cache_emit_place(void);

/** Bytes that the longest function needs to be compiled. */
uint32_t cache_longest_bytes(void);

#endif
