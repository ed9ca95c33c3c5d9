/**
 * The module read in place, in flash: what wasm3's own loader copies to RAM is looked up here when a function is
 * compiled. Lengths and indices are checked; that bodies are valid is not.
 */
#ifndef ISNKIT_MODULE_READER_H
#define ISNKIT_MODULE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "m3_function.h"

/** More arguments and results together are refused. */
#define WASM_TYPES_MAX 20u

/** Contents of a section behind its count. */
typedef struct wasm_section {
  const uint8_t *at;
  const uint8_t *end;
  uint32_t count;
} wasm_section;

typedef struct wasm_module {
  const uint8_t *image;
  wasm_section types, imports, functions, memories, globals, exports, bodies, data;
} wasm_module;

/** A type as wasm3 wants it, with room for what follows its head. */
typedef union wasm_type {
  M3FuncType type;
  uint8_t room[sizeof(M3FuncType) + WASM_TYPES_MAX];
} wasm_type;

typedef struct wasm_import {
  const char *module, *name;
  uint32_t module_length, name_length, type;
} wasm_import;

typedef struct wasm_global {
  uint8_t type;
  bool variable;
  uint64_t first_value;
} wasm_global;

typedef struct wasm_data {
  uint32_t offset, bytes;
  const uint8_t *from;
} wasm_data;

/** Each returns an error when the module is malformed, or needs what this kit does not have. */
M3Result wasm_open(wasm_module *module, const uint8_t *image, uint32_t bytes);
M3Result wasm_read_type(const wasm_module *module, uint32_t index, wasm_type *type);
/** The type of a function of the module, counted from the first that is not imported. */
M3Result wasm_function_type(const wasm_module *module, uint32_t index, uint32_t *type);
M3Result wasm_find_export(const wasm_module *module, const char *name, uint32_t *function);

/** The next entry of a section that is read from its first on. */
M3Result wasm_next_import(wasm_section *rest, wasm_import *import);
M3Result wasm_next_global(wasm_section *rest, wasm_global *global);
M3Result wasm_skip_global(wasm_section *rest, bool *wide);
M3Result wasm_next_body(wasm_section *rest, const uint8_t **body);
M3Result wasm_next_data(wasm_section *rest, wasm_data *data);

#endif
