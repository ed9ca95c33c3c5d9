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

/**
 * The linear memory lies in the instance: a constant address in it costs no check and no pointer. What the
 * margin behind the page is for is said in module_operations.h.
 */
#define MARGIN_BYTES 40u
typedef struct wasm_rt_memory_t {
  uint8_t data[ISNKIT_PAGE_BYTES + MARGIN_BYTES] __attribute__((aligned(8)));
} wasm_rt_memory_t;

/** End the call that entered the module with a trap: one function a trap, so that they take no argument. */
#define WASM_RT_TRAP __attribute__((noreturn, noinline, cold)) static void
WASM_RT_TRAP trap_bounds(void);
WASM_RT_TRAP trap_unreachable(void);
WASM_RT_TRAP trap_arithmetic(void);

#define WASM_RT_TRAP_OOB trap_bounds
#define WASM_RT_TRAP_UNREACHABLE trap_unreachable
#define WASM_RT_TRAP_DIV_BY_ZERO trap_arithmetic
#define WASM_RT_TRAP_INT_OVERFLOW trap_arithmetic
#define TRAP(x) (WASM_RT_TRAP_##x(), 0)
#define UNREACHABLE TRAP(UNREACHABLE)

// The module has no recursion, so its call depth is not counted.
#define FUNC_PROLOGUE
#define FUNC_EPILOGUE

#endif
