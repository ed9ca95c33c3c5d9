#include "code_cache.h"

#include <string.h>

#include "arena.h"
#include "loaded_module.h"
#include "m3_compile.h"

/** What wasm3 writes at most before it asks again whether there is room. */
#define SPARE_WORDS 8u
/** Never reached: a function whose length is known has exactly its place. */
#define ROOM_ENOUGH 0xFFFFu

uint32_t cache_changes;

static uint32_t function_count, import_count;
/** Words for code. */
static uint32_t capacity;
/** Where the next function goes. */
static uint32_t next;
static uint32_t longest;

/** The function that is being compiled. */
static struct {
  uint32_t function, begin, at, end;
  bool length_known, overflowed;
} emitting;

void cache_reset(void) {
  capacity = next = longest = 0;
  function_count = 0;
  cache_changes++;
}

// What wasm3's compiler emits through. It has one page: the place of the function being compiled.

static M3CodePage page;

IM3CodePage AcquireCodePage(IM3Runtime runtime) {
  (void)runtime;
  return &page;
}

/** Asked for when the page is full. */
IM3CodePage AcquireCodePageWithCapacity(IM3Runtime runtime, u32 words) {
  (void)runtime, (void)words;
  return NULL;
}

void ReleaseCodePage(IM3Runtime runtime, IM3CodePage released) { (void)runtime, (void)released; }

u32 NumFreeLines(IM3CodePage asked) {
  (void)asked;
  return emitting.length_known ? ROOM_ENOUGH : emitting.end - emitting.at;
}

pc_t GetPagePC(IM3CodePage asked) { return asked == NULL ? NULL : &arena_words[emitting.at]; }

void EmitWord_impl(IM3CodePage to, void *word) {
  (void)to;
  if (emitting.at < emitting.end) arena_words[emitting.at++] = word;
  else emitting.overflowed = true;
}

void EmitWord32(IM3CodePage to, const u32 word) { EmitWord_impl(to, (void *)word); }

void EmitWord64(IM3CodePage to, const u64 word) {
  EmitWord32(to, (u32)word);
  EmitWord32(to, (u32)(word >> 32));
}

/** wasm3 copies the constants of a function at its end: they follow the code. */
void *m3_CopyMem(const void *from, size_t bytes) {
  void *const copy = &arena_words[emitting.at];
  const uint32_t words = bytes / sizeof(code_t);
  if (words > emitting.end - emitting.at) return NULL;
  memcpy(copy, from, bytes);
  emitting.at += words;
  return copy;
}

code_place cache_emit_place(void) {
  return CODE_PLACE(emitting.function, emitting.at - emitting.begin);
}

/** wasm3 begins code with the operation that enters a function, and the function; the frame takes their place. */
static void write_frame(const M3Function *compiled) {
  const code_frame frame = {
      .stack_slots = compiled->maxStackSlots,
      .argument_slots = compiled->numRetAndArgSlots,
      .local_words = compiled->numLocalBytes / sizeof(m3slot_t),
      .constant_words = compiled->numConstantBytes / sizeof(m3slot_t),
  };
  memcpy(&arena_words[emitting.begin], &frame, sizeof frame);
}

static M3Result compile(uint32_t function, uint32_t begin, uint32_t end, bool length_known) {
  wasm_type type;
  M3Function compiled = {.module = loaded_for_compiler(), .funcType = &type.type};
  emitting.function = function;
  emitting.begin = emitting.at = begin;
  emitting.end = end;
  emitting.length_known = length_known;
  emitting.overflowed = false;
  M3Result result = loaded_function(function, &type, &compiled.wasm, &compiled.wasmEnd);
  if (!result) result = CompileFunction(&compiled);
  if (!result && emitting.overflowed) result = m3Err_mallocFailedCodePage;
  if (!result) write_frame(&compiled);
  return result;
}

M3Result cache_measure(void) {
  import_count = loaded_import_count();
  function_count = import_count + loaded_function_count();
  capacity = arena_code_words();
  if (capacity > CODE_ABSENT) capacity = CODE_ABSENT;
  for (uint32_t i = import_count; i < function_count; i++) {
    const M3Result result = compile(i, 0, capacity, false);
    if (result) return result;
    listed_function *const function = &loaded_functions[i];
    function->code = CODE_ABSENT;
    function->words = (uint16_t)emitting.at;
    if (function->words > longest) longest = function->words;
  }
  return m3Err_none;
}

/** Gives up what overlaps with the words from `begin` to `end`. */
static void overwrite(uint32_t begin, uint32_t end) {
  for (uint32_t i = import_count; i < function_count; i++) {
    listed_function *const other = &loaded_functions[i];
    if (other->code < end && other->code + other->words > begin) other->code = CODE_ABSENT;
  }
  cache_changes++;
}

M3Result cache_fill(uint32_t function) {
  listed_function *const wanted = &loaded_functions[function];
  if (next + wanted->words > capacity) next = 0;
  const uint32_t begin = next;
  const uint32_t end = begin + wanted->words;
  overwrite(begin, end);
  const M3Result result = compile(function, begin, end, true);
  if (result) return result;
  // Not as measured: the module in flash has changed under the kit.
  if (emitting.at != end) return m3Err_wasmMalformed;
  wanted->code = (uint16_t)begin;
  next = end;
  return m3Err_none;
}

pc_t cache_find(code_place place) {
  const uint32_t begin = loaded_functions[place & 0xFFFFu].code;
  return begin == CODE_ABSENT ? NULL : &arena_words[begin + (place >> 16)];
}

uint32_t cache_longest_bytes(void) { return (longest + SPARE_WORDS) * sizeof(code_t); }
