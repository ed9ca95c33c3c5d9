/**
 * Validates a module before wasm3 gets it, as wasm3 validates nothing: a WebAssembly binary of the first
 * release (MVP) without floats, tables and a start function, that asks for no more than the kit gives
 * and exports what the kit calls. The rules are those of the WebAssembly Core Specification 1.0, §3 and
 * its appendix on validation; where this file differs it is stricter. A module that passes has a type-safe
 * body and no recursion, so it can run into a trap or loop for ever, but not out of its page or stack.
 */
#ifndef ISNKIT_MODULE_CHECK_H
#define ISNKIT_MODULE_CHECK_H

#include <stdint.h>

/** Limits of this kit; the module itself needs about half of each. */
#define MODULE_TYPES_MAX 64u
#define MODULE_FUNCTIONS_MAX 192u
#define MODULE_GLOBALS_MAX 128u
#define MODULE_EXPORTS_MAX 64u
#define MODULE_LOCALS_MAX 96u
#define MODULE_PARAMETERS_MAX 16u
#define MODULE_NESTING_MAX 48u
#define MODULE_OPERANDS_MAX 96u

/**
 * Why a module is refused, as one word for records ("import", "export", "type", …); NULL when it may run.
 * Not re-entrant: its tables are static.
 */
const char *module_check(const uint8_t *bytes, uint32_t length);

#endif
