/**
 * What the C code that wasm2c makes of the module expects of its runtime, cut to this kit: one instance,
 * a page of fixed size inside it, no tables, no floating point, traps that unwind to the entry. Takes the
 * place of wabt's header of the same name; wasm2c_fit.cmake cuts the code to match.
 */
#ifndef WASM_RT_H_
#define WASM_RT_H_

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/** The linear memory lies in the instance: a constant address in it costs no check and no pointer. */
typedef struct wasm_rt_memory_t {
  uint8_t data[ISNKIT_PAGE_BYTES] __attribute__((aligned(8)));
} wasm_rt_memory_t;

/** Ends the call that entered the module with this trap. */
__attribute__((noreturn, noinline, cold)) static void wasm_rt_trap(isnkit_trap trap);

#define WASM_RT_TRAP_OOB ISNKIT_TRAP_BOUNDS
#define WASM_RT_TRAP_UNREACHABLE ISNKIT_TRAP_UNREACHABLE
#define WASM_RT_TRAP_DIV_BY_ZERO ISNKIT_TRAP_ARITHMETIC
#define WASM_RT_TRAP_INT_OVERFLOW ISNKIT_TRAP_ARITHMETIC
#define TRAP(x) (wasm_rt_trap(WASM_RT_TRAP_##x), 0)
#define UNREACHABLE TRAP(UNREACHABLE)

// The module has no recursion, so its call depth is not counted.
#define FUNC_PROLOGUE
#define FUNC_EPILOGUE

#endif
