/**
 * The module as WebAssembly in flash, run by the wasm3 interpreter. The image is checked against its
 * digest first, because wasm3 does not validate code. The linear memory is capped at ISNKIT_PAGE_BYTES; a
 * trap comes back as a result of the call.
 */
#include "runtime.h"

#include <string.h>

#include "arena.h"
#include "code_cache.h"
#include "loaded_module.h"
#include "module_image.h"
#include "run_function.h"

const char isnkit_runtime_name[] = "wasm3";
isnkit_trap isnkit_runtime_trap = ISNKIT_TRAP_NONE;

#define INDEX(name, arguments) INDEX_##name,
enum { ISNKIT_EXPORTS(INDEX) EXPORTS };
#define NAME(name, arguments) #name,
static const char *const names[EXPORTS] = {ISNKIT_EXPORTS(NAME)};
#define ARGUMENTS(name, arguments) arguments,
static const uint8_t argument_counts[EXPORTS] = {ISNKIT_EXPORTS(ARGUMENTS)};

m3slot_t isnkit_wasm3_stack[STACK_SLOTS + 4] __attribute__((aligned(8)));
static bool running;
/** Indices of the exports' functions. */
static uint16_t functions[EXPORTS];

static isnkit_trap trap_of(M3Result result) {
  if (result == m3Err_none) return ISNKIT_TRAP_NONE;
  if (result == m3Err_trapOutOfBoundsMemoryAccess) return ISNKIT_TRAP_BOUNDS;
  if (result == m3Err_trapDivisionByZero || result == m3Err_trapIntegerOverflow) {
    return ISNKIT_TRAP_ARITHMETIC;
  }
  if (result == m3Err_trapStackOverflow) return ISNKIT_TRAP_STACK;
  if (result == m3Err_mallocFailed || result == m3Err_mallocFailedCodePage) {
    return ISNKIT_TRAP_MEMORY;
  }
  return ISNKIT_TRAP_UNREACHABLE;
}

// The module's imports: arguments follow the result in their slots.

#define ARGUMENT(slots, index) ((uint32_t)(slots)[1 + (index)])

/** Checks a range of the page, and makes it a pointer. */
static M3Result in_page(uint32_t offset, uint32_t bytes, uint8_t **at) {
  if (offset > ISNKIT_PAGE_BYTES || bytes > ISNKIT_PAGE_BYTES - offset) {
    return m3Err_trapOutOfBoundsMemoryAccess;
  }
  *at = &isnkit_wasm3_page[offset];
  return m3Err_none;
}

static M3Result import_read(uint64_t *slots) {
  uint8_t *to = NULL;
  const uint32_t bytes = ARGUMENT(slots, 2);
  const M3Result result = in_page(ARGUMENT(slots, 1), bytes, &to);
  if (!result) slots[0] = isnkit_import_read(ARGUMENT(slots, 0), to, bytes);
  return result;
}

static M3Result import_program(uint64_t *slots) {
  uint8_t *from = NULL;
  const uint32_t bytes = ARGUMENT(slots, 2);
  const M3Result result = in_page(ARGUMENT(slots, 1), bytes, &from);
  if (!result) slots[0] = isnkit_import_program(ARGUMENT(slots, 0), from, bytes);
  return result;
}

static M3Result import_erase(uint64_t *slots) {
  slots[0] = isnkit_import_erase(ARGUMENT(slots, 0));
  return m3Err_none;
}

static M3Result import_entropy(uint64_t *slots) {
  uint8_t *to = NULL;
  const uint32_t bytes = ARGUMENT(slots, 1);
  const M3Result result = in_page(ARGUMENT(slots, 0), bytes, &to);
  if (!result) slots[0] = isnkit_import_entropy(to, bytes);
  return result;
}

static M3Result import_ticks(uint64_t *slots) {
  slots[0] = isnkit_import_ticks();
  return m3Err_none;
}

const board_import board_imports[] = {
    {"read", import_read, 3},       {"program", import_program, 3}, {"erase", import_erase, 1},
    {"entropy", import_entropy, 2}, {"ticks", import_ticks, 0},
};
const unsigned board_import_count = sizeof board_imports / sizeof *board_imports;

static const isnkit_module *selected;

void isnkit_runtime_select(const isnkit_module *module) { selected = module; }

static isnkit_module module_to_run(void) {
  if (selected != NULL) return *selected;
  return (isnkit_module){isnkit_module_image, isnkit_module_image_bytes, isnkit_module_digest};
}

static bool image_intact(const isnkit_module *module) {
  uint8_t digest[ISNKIT_SHA256_BYTES];
  isnkit_sha256(module->image, module->bytes, digest);
  return memcmp(digest, module->digest, sizeof digest) == 0;
}

static isnkit_trap load(const uint8_t *image, uint32_t bytes) {
  cache_reset();
  M3Result result = loaded_open(image, bytes);
  // Compiles every function once, so that a cache too small for one shows now and not in a connect.
  if (!result) result = cache_measure();
  for (unsigned i = 0; !result && i < EXPORTS; i++) {
    uint32_t function;
    result = loaded_find(names[i], argument_counts[i], &function);
    functions[i] = (uint16_t)function;
  }
  if (result == m3Err_none) return ISNKIT_TRAP_NONE;
  return trap_of(result) == ISNKIT_TRAP_MEMORY ? ISNKIT_TRAP_MEMORY : ISNKIT_TRAP_IMAGE;
}

isnkit_trap isnkit_runtime_start(void) {
  const isnkit_module module = module_to_run();
  isnkit_runtime_trap =
      image_intact(&module) ? load(module.image, module.bytes) : ISNKIT_TRAP_IMAGE;
  running = isnkit_runtime_trap == ISNKIT_TRAP_NONE;
  return isnkit_runtime_trap;
}

uint8_t *isnkit_runtime_memory(void) { return running ? isnkit_wasm3_page : NULL; }

uint8_t *isnkit_runtime_io(void) {
  return isnkit_io_of(isnkit_wasm3_page, isnkit_rt_version(), isnkit_rt_ioBuffer(), isnkit_rt_ioBytes());
}

uint32_t isnkit_runtime_arena_least(void) { return arena_table_bytes() + cache_longest_bytes(); }

uint32_t isnkit_runtime_call(isnkit_export *function, const uint32_t *arguments) {
  if (!running) {
    isnkit_runtime_trap = ISNKIT_TRAP_IMAGE;
    return 0;
  }
  isnkit_runtime_trap = ISNKIT_TRAP_NONE;
  return function(arguments);
}

/** The result is the first slot of the stack and the arguments follow, 64 bits each. */
static __attribute__((noinline)) uint32_t run(unsigned index) {
  const M3Result result = run_function(functions[index], isnkit_wasm3_stack);
  if (result == m3Err_none) return isnkit_wasm3_stack[0];
  isnkit_runtime_trap = trap_of(result);
  return 0;
}

#define GIVE_0
#define GIVE_1 slots[2] = given[0];
#define GIVE_2 GIVE_1 slots[4] = given[1];
#define GIVE_3 GIVE_2 slots[6] = given[2];
#define GIVE_4 GIVE_3 slots[8] = given[3];
#define GIVE_5 GIVE_4 slots[10] = given[4];
#define GIVE_6 GIVE_5 slots[12] = given[5];
#define GIVE_7 GIVE_6 slots[14] = given[6];
#define GIVE_8 GIVE_7 slots[16] = given[7];

#define DEFINE(name, arguments)                               \
  uint32_t isnkit_export_##name(const uint32_t *given) {      \
    m3slot_t *slots = isnkit_wasm3_stack;                     \
    (void)given, (void)slots;                                 \
    GIVE_##arguments                                          \
    return run(INDEX_##name);                                 \
  }
ISNKIT_EXPORTS(DEFINE)
