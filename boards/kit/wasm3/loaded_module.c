#include "loaded_module.h"

#include <string.h>

#include "arena.h"

#define TRY(expression)                      \
  do {                                       \
    const M3Result failed = (expression);    \
    if (failed != m3Err_none) return failed; \
  } while (0)

// Types of blocks that give nothing, or one value.
static const M3FuncType gives_nothing;
static const M3FuncType gives_i32 = {.numRets = 1, .types = {c_m3Type_i32}};
static const M3FuncType gives_i64 = {.numRets = 1, .types = {c_m3Type_i64}};
// wasm3 refuses floats where they are used.
static const M3FuncType gives_f32 = {.numRets = 1, .types = {c_m3Type_f32}};
static const M3FuncType gives_f64 = {.numRets = 1, .types = {c_m3Type_f64}};
#define KNOWN(type) ((IM3FuncType)&(type))
static const M3Environment environment = {
    .retFuncTypes = {KNOWN(gives_nothing), KNOWN(gives_i32), KNOWN(gives_i64), KNOWN(gives_f32),
                     KNOWN(gives_f64)}};
M3Runtime isnkit_wasm3_runtime;
static const M3Module for_compiler = {.runtime = &isnkit_wasm3_runtime,
                                      .environment = (IM3Environment)&environment};

uint8_t isnkit_wasm3_page[ISNKIT_PAGE_BYTES] __attribute__((aligned(8)));

listed_function *loaded_functions;

static wasm_module module;
static uint64_t *global_values;

/** This many i32, and one i32 back. */
static bool takes(const M3FuncType *type, uint32_t arguments) {
  if (type->numRets != 1 || type->numArgs != arguments) return false;
  for (uint32_t i = 0; i <= arguments; i++) {
    if (type->types[i] != c_m3Type_i32) return false;
  }
  return true;
}

static bool is(const char *text, const char *at, uint32_t length) {
  return strlen(text) == length && memcmp(text, at, length) == 0;
}

static M3Result link_import(const wasm_import *import, listed_function *entry) {
  wasm_type type;
  TRY(wasm_read_type(&module, import->type, &type));
  if (import->type > UINT16_MAX) return m3Err_wasmMalformed;
  for (unsigned i = 0; i < board_import_count; i++) {
    const board_import *const candidate = &board_imports[i];
    if (!is("board", import->module, import->module_length)) break;
    if (!is(candidate->name, import->name, import->name_length)) continue;
    if (!takes(&type.type, candidate->arguments)) break;
    *entry = (listed_function){(uint16_t)import->type, CODE_ABSENT, (uint16_t)i};
    return m3Err_none;
  }
  return m3Err_functionImportMissing;
}

static M3Result list_functions(void) {
  const uint32_t imports = module.imports.count;
  const uint32_t bodies = module.bodies.count;
  // Indices are kept in 16 bits, and bodies have at least two bytes.
  if (imports > UINT8_MAX || bodies > UINT16_MAX / 2) return m3Err_wasmMalformed;
  loaded_functions = arena_take((imports + bodies) * sizeof(listed_function));
  if (loaded_functions == NULL) return m3Err_mallocFailed;
  wasm_section rest = module.imports;
  for (uint32_t i = 0; i < imports; i++) {
    wasm_import import;
    TRY(wasm_next_import(&rest, &import));
    TRY(link_import(&import, &loaded_functions[i]));
  }
  rest = module.bodies;
  for (uint32_t i = 0; i < bodies; i++) {
    const uint8_t *body;
    TRY(wasm_next_body(&rest, &body));
    loaded_functions[imports + i] = (listed_function){(uint16_t)(body - module.image), CODE_ABSENT, 0};
  }
  return m3Err_none;
}

/** Globals stand one behind another, each aligned to its size. */
static uint32_t global_offset(uint32_t end, bool wide) { return wide ? (end + 7u) & ~7u : end; }
static uint32_t global_end(uint32_t offset, bool wide) { return offset + (wide ? 8 : 4); }

static M3Result set_globals(void) {
  uint32_t end = 0;
  wasm_global global;
  wasm_section rest = module.globals;
  for (uint32_t left = module.globals.count; left > 0; left--) {
    TRY(wasm_next_global(&rest, &global));
    const bool wide = global.type == c_m3Type_i64;
    end = global_end(global_offset(end, wide), wide);
  }
  global_values = arena_take(end);
  if (global_values == NULL) return m3Err_mallocFailed;
  rest = module.globals;
  end = 0;
  for (uint32_t left = module.globals.count; left > 0; left--) {
    TRY(wasm_next_global(&rest, &global));
    const bool wide = global.type == c_m3Type_i64;
    const uint32_t offset = global_offset(end, wide);
    end = global_end(offset, wide);
    memcpy((uint8_t *)global_values + offset, &global.first_value, end - offset);
  }
  return m3Err_none;
}

M3Result loaded_global(uint32_t index, wasm_global *global, void **value) {
  if (index >= module.globals.count) return m3Err_globaIndexOutOfBounds;
  wasm_section rest = module.globals;
  uint32_t end = 0;
  bool wide;
  for (; index > 0; index--) {
    TRY(wasm_skip_global(&rest, &wide));
    end = global_end(global_offset(end, wide), wide);
  }
  TRY(wasm_next_global(&rest, global));
  *value = (uint8_t *)global_values + global_offset(end, global->type == c_m3Type_i64);
  return m3Err_none;
}

static M3Result set_memory(void) {
  memset(isnkit_wasm3_page, 0, sizeof isnkit_wasm3_page);
  isnkit_wasm3_runtime.memory = (M3Memory){.numPages = module.memories.count, .maxPages = 1};
  wasm_section rest = module.data;
  for (uint32_t left = module.data.count; left > 0; left--) {
    wasm_data data;
    TRY(wasm_next_data(&rest, &data));
    if (data.offset > sizeof isnkit_wasm3_page) return m3Err_wasmMemoryOverflow;
    if (data.bytes > sizeof isnkit_wasm3_page - data.offset) return m3Err_wasmMemoryOverflow;
    memcpy(&isnkit_wasm3_page[data.offset], data.from, data.bytes);
  }
  return m3Err_none;
}

M3Result loaded_open(const uint8_t *image, uint32_t bytes) {
  arena_reset();
  TRY(wasm_open(&module, image, bytes));
  TRY(list_functions());
  TRY(set_globals());
  return set_memory();
}

uint32_t loaded_import_count(void) { return module.imports.count; }
uint32_t loaded_function_count(void) { return module.functions.count; }

IM3Module loaded_for_compiler(void) { return (IM3Module)&for_compiler; }

/** wasm3's `memory.grow`: there is one page. */
M3Result ResizeMemory(IM3Runtime runtime, u32 pages) {
  return pages <= runtime->memory.numPages ? m3Err_none : m3Err_wasmMemoryOverflow;
}

M3Result loaded_function(uint32_t function, wasm_type *type, bytes_t *from, bytes_t *end) {
  uint32_t type_index;
  TRY(wasm_function_type(&module, function - module.imports.count, &type_index));
  TRY(wasm_read_type(&module, type_index, type));
  wasm_section rest = module.bodies;
  rest.at = module.image + loaded_functions[function].body;
  TRY(wasm_next_body(&rest, from));
  *end = rest.at;
  return m3Err_none;
}

M3Result loaded_callee(uint32_t function, wasm_type *type, board_function **import) {
  const uint32_t imports = module.imports.count;
  *import = NULL;
  if (function < imports) {
    *import = board_imports[loaded_functions[function].words].function;
    return wasm_read_type(&module, loaded_functions[function].body, type);
  }
  uint32_t index;
  TRY(wasm_function_type(&module, function - imports, &index));
  return wasm_read_type(&module, index, type);
}

M3Result loaded_find(const char *name, uint32_t arguments, uint32_t *function) {
  wasm_type type;
  board_function *import;
  TRY(wasm_find_export(&module, name, function));
  TRY(loaded_callee(*function, &type, &import));
  return import == NULL && takes(&type.type, arguments) ? m3Err_none : m3Err_functionLookupFailed;
}
