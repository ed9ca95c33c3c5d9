/**
 * A call of a function of the module: its code brought into the cache, its frame set up.
 */
#ifndef ISNKIT_RUN_FUNCTION_H
#define ISNKIT_RUN_FUNCTION_H

#include "arena.h"
#include "code_cache.h"
#include "loaded_module.h"

#define STACK_SLOTS (ISNKIT_WASM3_STACK_BYTES / sizeof(m3slot_t))
/** With room for slots that an operation writes behind the last one of a frame. */
extern m3slot_t isnkit_wasm3_stack[STACK_SLOTS + 4];

static inline __attribute__((always_inline)) m3ret_t run_function(uint32_t index, m3stack_t sp) {
  const listed_function *const function = &loaded_functions[index];
  if (M3_UNLIKELY(function->code == CODE_ABSENT)) {
    const M3Result result = cache_fill(index);
    if (result) return result;
  }
  code_t *const code = &arena_words[function->code];
  const code_frame *const frame = (const code_frame *)code;
  if (M3_UNLIKELY(sp + frame->stack_slots >= isnkit_wasm3_stack + STACK_SLOTS)) {
    return m3Err_trapStackOverflow;
  }
  m3slot_t *to = sp + frame->argument_slots;
  for (uint32_t left = frame->local_words; left > 0; left--) *to++ = 0;
  const code_t *from = code + function->words - frame->constant_words;
  for (uint32_t left = frame->constant_words; left > 0; left--) *to++ = (m3slot_t)*from++;
  return ((IM3Operation)code[FRAME_WORDS])((pc_t)&code[FRAME_WORDS + 1], sp, 0);
}

#endif
