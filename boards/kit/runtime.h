/**
 * Between the kit and the runtime that carries the module: wasm2c (runtime_wasm2c.c) or wasm3
 * (runtime_wasm3.c), chosen when the firmware is built. Not for applications: see isnkit.h.
 */
#ifndef ISNKIT_RUNTIME_H
#define ISNKIT_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exports.h"

/** The module's page is capped at this size; access beyond it traps. wasm3 may be built for a smaller one. */
#ifndef ISNKIT_PAGE_BYTES
#define ISNKIT_PAGE_BYTES 4096u
#endif

/** What ended the last call: 0, or why the module did not return. */
typedef enum isnkit_trap {
  ISNKIT_TRAP_NONE = 0,
  /** Access outside the page. */
  ISNKIT_TRAP_BOUNDS = 1,
  /** `unreachable`, or any other trap instruction. */
  ISNKIT_TRAP_UNREACHABLE = 2,
  ISNKIT_TRAP_ARITHMETIC = 3,
  ISNKIT_TRAP_STACK = 4,
  /** wasm3: the arena has no room for the module's tables, or for the code of one of its functions. */
  ISNKIT_TRAP_MEMORY = 5,
  /** wasm3: the module image is corrupt, lacks an export, or imports something unknown. */
  ISNKIT_TRAP_IMAGE = 6,
} isnkit_trap;

/** "wasm2c" or "wasm3". */
extern const char isnkit_runtime_name[];

/** Makes a fresh instance, its memory zeroed. */
isnkit_trap isnkit_runtime_start(void);

/** The trap of the last call; the instance must be started anew after one. */
extern isnkit_trap isnkit_runtime_trap;

/** The module's memory, ISNKIT_PAGE_BYTES of it. */
uint8_t *isnkit_runtime_memory(void);

/** The I/O buffer of the module that was started, or NULL when it speaks another ABI than this kit. */
uint8_t *isnkit_runtime_io(void);

/** The same from what the module says of itself: the kit speaks ABI 1.x (docs/abi.md). */
static inline uint8_t *isnkit_io_of(uint8_t *memory, uint32_t version, uint32_t io, uint32_t bytes) {
  const bool fits = version >> 16 == 1 && io <= ISNKIT_PAGE_BYTES - 32 && bytes >= 32;
  return fits ? memory + io : NULL;
}

/** Bytes that the runtime's arena must have for the module at least; 0 for wasm2c, which has none. */
uint32_t isnkit_runtime_arena_least(void);

/** An export over its u32 arguments, `isnkit_export_isn4` and so on: only isnkit_runtime_call() may call it. */
typedef uint32_t isnkit_export(const uint32_t *arguments);

/** Calls an export. Returns 0 after a trap, and leaves it in isnkit_runtime_trap. */
uint32_t isnkit_runtime_call(isnkit_export *function, const uint32_t *arguments);

/** The same, one typed function an export: `isnkit_rt_isn4(a0, a1, a2, a3)`. */
#define ISNKIT_DECLARE(name, arguments)                                                \
  isnkit_export isnkit_export_##name;                                                  \
  static inline uint32_t isnkit_rt_##name(ISNKIT_PARAMETERS_##arguments) {             \
    return isnkit_runtime_call(isnkit_export_##name,                                   \
                               (const uint32_t[]){ISNKIT_ARGUMENTS_##arguments});      \
  }
ISNKIT_EXPORTS(ISNKIT_DECLARE)
#undef ISNKIT_DECLARE

/** What is called inside the kit only: with wasm2c the kit is compiled as one, and no more than that. */
#ifdef ISNKIT_ONE_UNIT
#define ISNKIT_INSIDE static
#else
#define ISNKIT_INSIDE
#endif

/** The module's imports, given by isnkit.c. Pointers were checked against the page. */
ISNKIT_INSIDE uint32_t isnkit_import_read(uint32_t offset, uint8_t *to, uint32_t bytes);
ISNKIT_INSIDE uint32_t isnkit_import_program(uint32_t offset, const uint8_t *from, uint32_t bytes);
ISNKIT_INSIDE uint32_t isnkit_import_erase(uint32_t sector);
ISNKIT_INSIDE uint32_t isnkit_import_entropy(uint8_t *to, uint32_t bytes);
ISNKIT_INSIDE uint32_t isnkit_import_ticks(void);

#endif
