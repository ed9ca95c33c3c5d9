/**
 * The module as C code, translated by wasm2c when the firmware is built. Memory accesses keep their
 * bounds checks against a page of 4 KiB; a trap unwinds to the call that entered the module.
 */
#include <setjmp.h>
#include <string.h>

#include "isnkit_wasm.h"
#include "runtime.h"

const char isnkit_runtime_name[] = "wasm2c";
isnkit_trap isnkit_runtime_trap = ISNKIT_TRAP_NONE;

static Z_isnkit_instance_t instance;
static uint8_t page[ISNKIT_PAGE_BYTES] __attribute__((aligned(8)));
static jmp_buf entry;

#if WASM_RT_USE_STACK_DEPTH_COUNT
uint32_t wasm_rt_call_stack_depth;
#define RESET_DEPTH() (wasm_rt_call_stack_depth = 0)
#else
#define RESET_DEPTH() ((void)0)
#endif

// The functions that wasm2c's code expects of its environment (wasm-rt.h).

bool wasm_rt_is_initialized(void) { return true; }

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t initial_pages,
                             uint32_t max_pages) {
  (void)initial_pages;
  (void)max_pages;
  memset(page, 0, sizeof page);
  memory->data = page;
  memory->pages = 1;
  memory->max_pages = 1;
  memory->size = sizeof page;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) { memory->data = NULL; }

uint32_t wasm_rt_register_func_type(uint32_t parameters, uint32_t results, ...) {
  // Types matter for indirect calls only, and the module has no table.
  (void)parameters;
  (void)results;
  return 0;
}

static isnkit_trap trap_of(wasm_rt_trap_t code) {
  switch (code) {
    case WASM_RT_TRAP_OOB:
      return ISNKIT_TRAP_BOUNDS;
    case WASM_RT_TRAP_INT_OVERFLOW:
    case WASM_RT_TRAP_DIV_BY_ZERO:
      return ISNKIT_TRAP_ARITHMETIC;
    case WASM_RT_TRAP_EXHAUSTION:
      return ISNKIT_TRAP_STACK;
    default:
      return ISNKIT_TRAP_UNREACHABLE;
  }
}

void wasm_rt_trap(wasm_rt_trap_t code) {
  isnkit_runtime_trap = trap_of(code);
  longjmp(entry, 1);
}

isnkit_trap isnkit_runtime_start(void) {
  isnkit_runtime_trap = ISNKIT_TRAP_NONE;
  RESET_DEPTH();
  if (setjmp(entry) != 0) return isnkit_runtime_trap;
  Z_isnkit_init_module();
  Z_isnkit_instantiate(&instance, NULL);
  return ISNKIT_TRAP_NONE;
}

uint8_t *isnkit_runtime_memory(void) { return page; }

uint32_t isnkit_runtime_arena_peak(void) { return 0; }

#define ARGUMENTS_0
#define ARGUMENTS_1 , a0
#define ARGUMENTS_2 ARGUMENTS_1, a1
#define ARGUMENTS_3 ARGUMENTS_2, a2
#define ARGUMENTS_4 ARGUMENTS_3, a3
#define ARGUMENTS_5 ARGUMENTS_4, a4
#define ARGUMENTS_6 ARGUMENTS_5, a5
#define ARGUMENTS_7 ARGUMENTS_6, a6
#define ARGUMENTS_8 ARGUMENTS_7, a7

// setjmp stands in the function itself: its frame has to be live when a trap unwinds to it.
#define DEFINE(name, arguments)                                      \
  uint32_t isnkit_rt_##name(ISNKIT_PARAMETERS_##arguments) {         \
    isnkit_runtime_trap = ISNKIT_TRAP_NONE;                          \
    RESET_DEPTH();                                                   \
    if (setjmp(entry) != 0) return 0;                                \
    return Z_isnkitZ_##name(&instance ARGUMENTS_##arguments);        \
  }
ISNKIT_EXPORTS(DEFINE)

// The module's imports. It passes addresses in its page, which are checked like its own accesses.

static uint8_t *in_page(uint32_t at, uint32_t bytes) {
  if (at > sizeof page || bytes > sizeof page - at) wasm_rt_trap(WASM_RT_TRAP_OOB);
  return page + at;
}

u32 Z_boardZ_read(struct Z_board_instance_t *board, u32 offset, u32 to, u32 bytes) {
  (void)board;
  return isnkit_import_read(offset, in_page(to, bytes), bytes);
}

u32 Z_boardZ_program(struct Z_board_instance_t *board, u32 offset, u32 from, u32 bytes) {
  (void)board;
  return isnkit_import_program(offset, in_page(from, bytes), bytes);
}

u32 Z_boardZ_erase(struct Z_board_instance_t *board, u32 sector) {
  (void)board;
  return isnkit_import_erase(sector);
}

u32 Z_boardZ_entropy(struct Z_board_instance_t *board, u32 to, u32 bytes) {
  (void)board;
  return isnkit_import_entropy(in_page(to, bytes), bytes);
}

u32 Z_boardZ_ticks(struct Z_board_instance_t *board) {
  (void)board;
  return isnkit_import_ticks();
}
