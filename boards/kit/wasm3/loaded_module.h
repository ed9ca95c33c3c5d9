/**
 * The module that runs: its tables, its globals and its page, and what wasm3's compiler asks about it.
 */
#ifndef ISNKIT_LOADED_MODULE_H
#define ISNKIT_LOADED_MODULE_H

// In front of what includes the one of wasm3.
#include "convention.h"

#include "m3_env.h"
#include "module_reader.h"

/** A function of the board: results and arguments stand in slots of 64 bits, results first. */
typedef M3Result board_function(uint64_t *slots);

typedef struct board_import {
  const char *name;
  board_function *function;
  /** Each takes this many i32 and returns one. */
  uint8_t arguments;
} board_import;

/** What the module may import from "board". */
extern const board_import board_imports[];
extern const unsigned board_import_count;

/** Makes a fresh instance: memory and globals as the module wants them, every function compiled once. */
M3Result loaded_open(const uint8_t *image, uint32_t bytes);
/** An export that takes this many i32 and returns one. */
M3Result loaded_find(const char *name, uint32_t arguments, uint32_t *function);

IM3Module loaded_for_compiler(void);
/** The body of a function of the module. */
M3Result loaded_function(uint32_t function, wasm_type *type, bytes_t *from, bytes_t *end);
/** The type of any function; `import` is the board's function, or NULL when it is one of the module. */
M3Result loaded_callee(uint32_t function, wasm_type *type, board_function **import);
M3Result loaded_global(uint32_t index, wasm_global *global, void **value);

#endif
