#include "module_check/sections.h"

#include <stddef.h>
#include <string.h>

#include "exports.h"
#include "module_check/binary.h"
#include "runtime.h"
#include "wasm_format.h"

checked_module checked;

void read_types(void) {
  checked.type_count = next_u32();
  if (!check_holds(checked.type_count <= MODULE_TYPES_MAX, "types")) return;
  for (uint32_t i = 0; i < checked.type_count && binary.why == NULL; i++) {
    signature *type = &checked.types[i];
    check_holds(next_byte() == WASM_FUNCTION_TYPE, "type");
    const uint32_t count = next_u32();
    if (!check_holds(count <= MODULE_PARAMETERS_MAX, "types")) return;
    type->parameters = (uint8_t)count;
    for (uint32_t p = 0; p < count; p++) check_value_type(type->types[p] = next_byte());
    const uint32_t results = next_u32();
    check_holds(results <= 1, "types");
    type->result = results == 0 ? WASM_NO_RESULT : next_byte();
    if (results == 1) check_value_type(type->result);
  }
}

static bool all_i32(const signature *type, uint32_t parameters) {
  if (type->parameters != parameters || type->result != WASM_I32) return false;
  for (uint32_t i = 0; i < parameters; i++) {
    if (type->types[i] != WASM_I32) return false;
  }
  return true;
}

static bool name_is(const uint8_t *name, uint32_t length, const char *expected) {
  return strlen(expected) == length && memcmp(name, expected, length) == 0;
}

/** What runtime_wasm3.c links, docs/abi.md. */
static bool board_gives(const uint8_t *name, uint32_t length, const signature *type) {
  static const struct {
    const char *name;
    uint32_t parameters;
  } gives[] = {{"read", 3}, {"program", 3}, {"erase", 1}, {"entropy", 2}, {"ticks", 0}};
  for (unsigned i = 0; i < sizeof gives / sizeof *gives; i++) {
    if (name_is(name, length, gives[i].name)) return all_i32(type, gives[i].parameters);
  }
  return false;
}

static void add_function(uint32_t type) {
  if (!check_holds(type < checked.type_count, "type")) return;
  if (!check_holds(checked.function_count < MODULE_FUNCTIONS_MAX, "functions")) return;
  checked.functions[checked.function_count++] = (uint8_t)type;
}

void read_imports(void) {
  for (uint32_t left = next_u32(); left > 0 && binary.why == NULL; left--) {
    const uint32_t module_bytes = next_u32();
    const uint8_t *from = next_bytes(module_bytes);
    if (!check_holds(binary.why == NULL && name_is(from, module_bytes, "board"), "import")) return;
    const uint32_t name_bytes = next_u32();
    const uint8_t *name = next_bytes(name_bytes);
    if (!check_holds(next_byte() == WASM_KIND_FUNCTION, "import")) return;
    const uint32_t type = next_u32();
    add_function(type);
    if (binary.why != NULL) return;
    check_holds(board_gives(name, name_bytes, &checked.types[type]), "import");
  }
  checked.import_count = checked.function_count;
}

void read_functions(void) {
  for (uint32_t left = next_u32(); left > 0 && binary.why == NULL; left--) add_function(next_u32());
}

void read_memory(void) {
  check_holds(next_u32() == 1, "memory");
  // A minimum and a maximum, of one page at most.
  check_holds(next_byte() == 1 && next_u32() <= 1 && next_u32() == 1, "memory");
  checked.has_memory = true;
}

/** A constant of this type, and `end` (§3.3.7). Returns an i32 constant of up to 2^31 − 1, else UINT32_MAX. */
static uint32_t constant(uint8_t type) {
  const uint8_t op = next_byte();
  check_holds(op == (type == WASM_I32 ? WASM_OP_I32_CONST : WASM_OP_I64_CONST), "constant");
  const uint8_t *start = binary.at;
  skip_signed(type == WASM_I32 ? 32 : 64);
  uint32_t value = 0;
  unsigned shift = 0;
  for (const uint8_t *p = start; p < binary.at && shift < 32; p++, shift += 7) {
    value |= (uint32_t)(*p & 0x7F) << shift;
  }
  const bool negative = binary.at > start && (binary.at[-1] & 0x40) != 0;
  check_holds(next_byte() == WASM_OP_END, "constant");
  return negative || binary.why != NULL ? UINT32_MAX : value;
}

void read_globals(void) {
  checked.global_count = next_u32();
  if (!check_holds(checked.global_count <= MODULE_GLOBALS_MAX, "globals")) return;
  for (uint32_t i = 0; i < checked.global_count && binary.why == NULL; i++) {
    checked.global_types[i] = next_byte();
    check_value_type(checked.global_types[i]);
    const uint8_t mutability = next_byte();
    check_holds(mutability <= 1, "globals");
    checked.global_mutable[i] = mutability == 1;
    constant(checked.global_types[i]);
  }
}

#define EXPORT(name, arguments) {#name, arguments},
static const struct {
  const char *name;
  uint32_t parameters;
} needed[] = {ISNKIT_EXPORTS(EXPORT)};
#define NEEDED (sizeof needed / sizeof *needed)

void read_exports(void) {
  static struct {
    const uint8_t *name;
    uint32_t length;
  } seen[MODULE_EXPORTS_MAX];
  bool found[NEEDED] = {false};
  const uint32_t count = next_u32();
  if (!check_holds(count <= MODULE_EXPORTS_MAX, "exports")) return;
  for (uint32_t i = 0; i < count && binary.why == NULL; i++) {
    const uint32_t length = seen[i].length = next_u32();
    const uint8_t *name = seen[i].name = next_bytes(length);
    const uint8_t kind = next_byte();
    const uint32_t index = next_u32();
    if (binary.why != NULL) return;
    for (uint32_t other = 0; other < i; other++) {
      const bool same = seen[other].length == length && memcmp(seen[other].name, name, length) == 0;
      check_holds(!same, "export");
    }
    // Names are ASCII here; the format has UTF-8.
    for (uint32_t c = 0; c < length; c++) check_holds(name[c] < 0x80, "export");
    if (kind == WASM_KIND_MEMORY) check_holds(index == 0 && checked.has_memory, "export");
    else if (kind == WASM_KIND_GLOBAL) check_holds(index < checked.global_count, "export");
    else check_holds(kind == WASM_KIND_FUNCTION && index < checked.function_count, "export");
    if (binary.why != NULL || kind != WASM_KIND_FUNCTION) continue;
    const signature *type = &checked.types[checked.functions[index]];
    for (unsigned n = 0; n < NEEDED; n++) {
      if (!name_is(name, length, needed[n].name)) continue;
      found[n] = true;
      check_holds(all_i32(type, needed[n].parameters), "export");
    }
  }
  for (unsigned n = 0; n < NEEDED; n++) check_holds(found[n], "export");
}

void read_data(void) {
  for (uint32_t left = next_u32(); left > 0 && binary.why == NULL; left--) {
    check_holds(next_u32() == 0 && checked.has_memory, "data");
    const uint32_t offset = constant(WASM_I32);
    const uint32_t length = next_u32();
    next_bytes(length);
    check_holds(offset <= ISNKIT_PAGE_BYTES && length <= ISNKIT_PAGE_BYTES - offset, "data");
  }
}
