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

/** `code` of a function that is not compiled. */
#define CODE_ABSENT 0xFFFFu

/** One a function, imports first. */
typedef struct listed_function {
  /** Where its body begins in the image; of an import, its type. */
  uint16_t body;
  /** Word of the arena where its compiled code begins, or CODE_ABSENT (code_cache.h). */
  uint16_t code;
  /** Length of its code; of an import, which of the board's functions it is. */
  uint16_t words;
} listed_function;

extern listed_function *loaded_functions;
uint32_t loaded_import_count(void);
/** Functions of the module itself. */
uint32_t loaded_function_count(void);

/** Makes a fresh instance: memory and globals as the module wants them. Nothing is compiled. */
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
