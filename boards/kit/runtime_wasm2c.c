/**
 * The module as C code, translated by wasm2c when the firmware is built and compiled as one with this
 * file. Memory accesses keep their bounds checks against the page; a trap unwinds to the call that
 * entered the module.
 */
#include "runtime.h"

#include <setjmp.h>
#include <string.h>

// wasm2c_fit.cmake has made it fit for that.
#include "isnkit_wasm.c"

const char isnkit_runtime_name[] = "wasm2c";
isnkit_trap isnkit_runtime_trap = ISNKIT_TRAP_NONE;

static jmp_buf entry;

#define PAGE only_instance.w2c_memory.data

static __attribute__((noreturn, noinline)) void unwind(isnkit_trap trap) {
  isnkit_runtime_trap = trap;
  longjmp(entry, 1);
}

static void trap_bounds(void) { unwind(ISNKIT_TRAP_BOUNDS); }
static void trap_unreachable(void) { unwind(ISNKIT_TRAP_UNREACHABLE); }
static void trap_arithmetic(void) { unwind(ISNKIT_TRAP_ARITHMETIC); }

isnkit_trap isnkit_runtime_start(void) {
  isnkit_runtime_trap = ISNKIT_TRAP_NONE;
  memset(&only_instance, 0, sizeof only_instance);
  ENTER_INSTANCE;
  init_globals();
  LEAVE_INSTANCE;
  return ISNKIT_TRAP_NONE;
}

uint8_t *isnkit_runtime_memory(void) { return PAGE; }

uint8_t *isnkit_runtime_io(void) {
  return isnkit_io_of(PAGE, w2c_version(), w2c_ioBuffer(), w2c_ioBytes());
}

uint32_t isnkit_runtime_arena_least(void) { return 0; }

uint32_t isnkit_runtime_call(isnkit_export *function, const uint32_t *arguments) {
  uint32_t value = 0;
  isnkit_runtime_trap = ISNKIT_TRAP_NONE;
  ENTER_INSTANCE;
  // In this function itself: its frame has to be live when a trap unwinds to it.
  if (setjmp(entry) == 0) value = function(arguments);
  LEAVE_INSTANCE;
  return value;
}

#define GIVEN_0
#define GIVEN_1 a[0]
#define GIVEN_2 GIVEN_1, a[1]
#define GIVEN_3 GIVEN_2, a[2]
#define GIVEN_4 GIVEN_3, a[3]
#define GIVEN_5 GIVEN_4, a[4]
#define GIVEN_6 GIVEN_5, a[5]
#define GIVEN_7 GIVEN_6, a[6]
#define GIVEN_8 GIVEN_7, a[7]

#define DEFINE(name, arguments)                         \
  uint32_t isnkit_export_##name(const uint32_t *a) {    \
    (void)a;                                            \
    return w2c_##name(GIVEN_##arguments);     \
  }
ISNKIT_EXPORTS(DEFINE)

// The module's imports. It passes addresses in its page, which are checked like its own accesses.

static uint8_t *in_page(uint32_t at, uint32_t bytes) {
  if (at > ISNKIT_PAGE_BYTES || bytes > ISNKIT_PAGE_BYTES - at) TRAP(OOB);
  return instance.w2c_memory.data + at;
}

/** Reading and programming differ in one word of the driver. */
static __attribute__((noinline)) u32 transfer(bool programs, u32 offset, u32 at, u32 bytes) {
  uint8_t *const there = in_page(at, bytes);
  return programs ? isnkit_import_program(offset, there, bytes)
                  : isnkit_import_read(offset, there, bytes);
}

static u32 Z_boardZ_read(u32 offset, u32 to, u32 bytes) {
  return transfer(false, offset, to, bytes);
}

static u32 Z_boardZ_program(u32 offset, u32 from, u32 bytes) {
  return transfer(true, offset, from, bytes);
}

static u32 Z_boardZ_erase(u32 sector) {
  return isnkit_import_erase(sector);
}

static u32 Z_boardZ_entropy(u32 to, u32 bytes) {
  return isnkit_import_entropy(in_page(to, bytes), bytes);
}

static u32 Z_boardZ_ticks(void) {
  return isnkit_import_ticks();
}
