#include "module_reader.h"

#include <string.h>

#include "m3_exception.h"
#include "wasm_format.h"

#define TRY(expression)                      \
  do {                                       \
    const M3Result failed = (expression);    \
    if (failed != m3Err_none) return failed; \
  } while (0)
#define REQUIRE(condition, error)  \
  do {                             \
    if (!(condition)) return error; \
  } while (0)

static M3Result number(wasm_section *rest, uint32_t *value) {
  return ReadLEB_u32(value, &rest->at, rest->end);
}

/** Passes over a number. Functions are looked up each time one is compiled: this is what that costs. */
static M3Result skip_number(wasm_section *rest) {
  while (rest->at < rest->end) {
    if ((*rest->at++ & 0x80u) == 0) return m3Err_none;
  }
  return m3Err_wasmUnderrun;
}

static M3Result byte(wasm_section *rest, uint8_t *value) {
  return Read_u8(value, &rest->at, rest->end);
}

static M3Result skip(wasm_section *rest, uint32_t bytes) {
  REQUIRE(bytes <= (uint32_t)(rest->end - rest->at), m3Err_wasmUnderrun);
  rest->at += bytes;
  return m3Err_none;
}

static M3Result name(wasm_section *rest, const char **at, uint32_t *length) {
  TRY(number(rest, length));
  *at = (const char *)rest->at;
  return skip(rest, *length);
}

static M3Result value_type(wasm_section *rest, uint8_t *type) {
  uint8_t code;
  TRY(byte(rest, &code));
  TRY(NormalizeType(type, (i8)(code << 1) >> 1));
  REQUIRE(IsIntType(*type), m3Err_invalidTypeId);
  return m3Err_none;
}

/** `i32.const` or `i64.const` and `end`: all that a module without imported globals can begin with. */
static M3Result constant(wasm_section *rest, uint8_t type, uint64_t *value) {
  uint8_t opcode, end;
  i64 read;
  TRY(byte(rest, &opcode));
  const uint8_t expected = type == c_m3Type_i64 ? WASM_OP_I64_CONST : WASM_OP_I32_CONST;
  REQUIRE(opcode == expected, m3Err_restrictedOpcode);
  TRY(ReadLEB_i64(&read, &rest->at, rest->end));
  *value = (uint64_t)read;
  TRY(byte(rest, &end));
  REQUIRE(end == WASM_OP_END, m3Err_wasmMalformed);
  return m3Err_none;
}

static wasm_section *section_of(wasm_module *module, uint8_t id) {
  switch (id) {
    case WASM_SECTION_TYPE: return &module->types;
    case WASM_SECTION_IMPORT: return &module->imports;
    case WASM_SECTION_FUNCTION: return &module->functions;
    case WASM_SECTION_MEMORY: return &module->memories;
    case WASM_SECTION_GLOBAL: return &module->globals;
    case WASM_SECTION_EXPORT: return &module->exports;
    case WASM_SECTION_CODE: return &module->bodies;
    case WASM_SECTION_DATA: return &module->data;
    // A table, its elements and a start function are not for this kit.
    default: return NULL;
  }
}

M3Result wasm_open(wasm_module *module, const uint8_t *image, uint32_t bytes) {
  static const uint8_t magic[8] = {0, 'a', 's', 'm', 1};
  // Bodies are kept as offsets of 16 bits.
  REQUIRE(bytes >= sizeof magic && bytes <= UINT16_MAX, m3Err_wasmMalformed);
  REQUIRE(memcmp(image, magic, sizeof magic) == 0, m3Err_wasmMalformed);
  *module = (wasm_module){.image = image};
  wasm_section rest = {.at = image + sizeof magic, .end = image + bytes};
  uint8_t last = WASM_SECTION_CUSTOM;
  while (rest.at < rest.end) {
    uint8_t id;
    uint32_t length;
    TRY(byte(&rest, &id));
    TRY(number(&rest, &length));
    const uint8_t *at = rest.at;
    TRY(skip(&rest, length));
    if (id == WASM_SECTION_CUSTOM) continue;
    wasm_section *section = section_of(module, id);
    REQUIRE(section != NULL && id > last, m3Err_misorderedWasmSection);
    last = id;
    *section = (wasm_section){.at = at, .end = rest.at};
    TRY(number(section, &section->count));
  }
  REQUIRE(module->functions.count == module->bodies.count, m3Err_wasmMalformed);
  if (module->memories.count == 0) return m3Err_none;
  uint8_t limits;
  uint32_t pages;
  wasm_section memories = module->memories;
  TRY(byte(&memories, &limits));
  TRY(number(&memories, &pages));
  REQUIRE(memories.count == 1 && pages <= 1, m3Err_wasmMemoryOverflow);
  return m3Err_none;
}

M3Result wasm_read_type(const wasm_module *module, uint32_t index, wasm_type *type) {
  REQUIRE(index < module->types.count, m3Err_wasmMalformed);
  wasm_section rest = module->types;
  uint8_t form, given, returned;
  for (; index > 0; index--) {
    TRY(skip(&rest, 1));
    TRY(byte(&rest, &given));
    TRY(skip(&rest, given));
    TRY(byte(&rest, &returned));
    TRY(skip(&rest, returned));
  }
  TRY(byte(&rest, &form));
  REQUIRE(form == WASM_FUNCTION_TYPE, m3Err_wasmMalformed);
  // Small enough to be a byte each.
  TRY(byte(&rest, &given));
  const wasm_section arguments = rest;
  TRY(skip(&rest, given));
  TRY(byte(&rest, &returned));
  REQUIRE(given + returned <= WASM_TYPES_MAX, m3Err_tooManyArgsRets);
  type->type = (M3FuncType){.numArgs = given, .numRets = returned};
  for (uint32_t i = 0; i < returned; i++) TRY(value_type(&rest, &type->type.types[i]));
  rest = arguments;
  for (uint32_t i = 0; i < given; i++) TRY(value_type(&rest, &type->type.types[returned + i]));
  return m3Err_none;
}

M3Result wasm_function_type(const wasm_module *module, uint32_t index, uint32_t *type) {
  REQUIRE(index < module->functions.count, m3Err_functionLookupFailed);
  wasm_section rest = module->functions;
  for (; index > 0; index--) TRY(skip_number(&rest));
  return number(&rest, type);
}

M3Result wasm_find_export(const wasm_module *module, const char *wanted, uint32_t *function) {
  wasm_section rest = module->exports;
  for (uint32_t left = rest.count; left > 0; left--) {
    const char *at;
    uint32_t length;
    uint8_t kind;
    TRY(name(&rest, &at, &length));
    TRY(byte(&rest, &kind));
    TRY(number(&rest, function));
    if (kind != WASM_KIND_FUNCTION || length != strlen(wanted)) continue;
    if (memcmp(at, wanted, length) == 0) return m3Err_none;
  }
  return m3Err_functionLookupFailed;
}

M3Result wasm_next_import(wasm_section *rest, wasm_import *import) {
  uint8_t kind;
  TRY(name(rest, &import->module, &import->module_length));
  TRY(name(rest, &import->name, &import->name_length));
  TRY(byte(rest, &kind));
  REQUIRE(kind == WASM_KIND_FUNCTION, m3Err_functionImportMissing);
  return number(rest, &import->type);
}

M3Result wasm_next_global(wasm_section *rest, wasm_global *global) {
  uint8_t variable;
  TRY(value_type(rest, &global->type));
  TRY(byte(rest, &variable));
  global->variable = variable != 0;
  return constant(rest, global->type, &global->first_value);
}

M3Result wasm_skip_global(wasm_section *rest, bool *wide) {
  // Its type, whether it varies, and the operation in front of its first value.
  const uint8_t *const type = rest->at;
  TRY(skip(rest, 3));
  *wide = *type == WASM_I64;
  TRY(skip_number(rest));
  return skip(rest, 1);
}

M3Result wasm_next_body(wasm_section *rest, const uint8_t **body) {
  uint32_t length;
  *body = rest->at;
  TRY(number(rest, &length));
  return skip(rest, length);
}

M3Result wasm_next_data(wasm_section *rest, wasm_data *data) {
  uint32_t memory;
  uint64_t offset;
  TRY(number(rest, &memory));
  REQUIRE(memory == 0, m3Err_wasmMalformed);
  TRY(constant(rest, c_m3Type_i32, &offset));
  data->offset = (uint32_t)offset;
  TRY(number(rest, &data->bytes));
  data->from = rest->at;
  return skip(rest, data->bytes);
}
