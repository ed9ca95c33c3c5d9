#include "module_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "module_check/binary.h"
#include "module_check/code.h"
#include "module_check/sections.h"
#include "wasm_format.h"

static void read_section(uint8_t id) {
  switch (id) {
    case WASM_SECTION_TYPE: read_types(); break;
    case WASM_SECTION_IMPORT: read_imports(); break;
    case WASM_SECTION_FUNCTION: read_functions(); break;
    case WASM_SECTION_MEMORY: read_memory(); break;
    case WASM_SECTION_GLOBAL: read_globals(); break;
    case WASM_SECTION_EXPORT: read_exports(); break;
    case WASM_SECTION_CODE: read_code(); break;
    case WASM_SECTION_DATA: read_data(); break;
    default: check_fail("section");
  }
}

/** A name, then anything; the name of valid modules is UTF-8, so more than ASCII is refused. */
static void read_custom(void) {
  const uint32_t length = next_u32();
  const uint8_t *name = next_bytes(length);
  if (binary.why != NULL) return;
  for (uint32_t i = 0; i < length; i++) check_holds(name[i] < 0x80, "section");
  binary.at = binary.end;
}

const char *module_check(const uint8_t *bytes, uint32_t length) {
  static const uint8_t preamble[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  memset(&checked, 0, sizeof checked);
  binary.why = NULL;
  if (length < sizeof preamble || memcmp(bytes, preamble, sizeof preamble) != 0) return "no-module";
  binary.at = bytes + sizeof preamble;
  const uint8_t *end = binary.end = bytes + length;
  bool exported = false;
  for (uint8_t last = WASM_SECTION_CUSTOM; binary.why == NULL && binary.at < end;) {
    const uint8_t id = next_byte();
    const uint32_t section_bytes = next_u32();
    if (!check_holds(section_bytes <= (uint32_t)(binary.end - binary.at), "truncated")) break;
    binary.end = binary.at + section_bytes;
    if (id == WASM_SECTION_CUSTOM) {
      read_custom();
    } else {
      check_holds(id > last, "section");
      last = id;
      exported = exported || id == WASM_SECTION_EXPORT;
      if (binary.why == NULL) read_section(id);
    }
    check_holds(binary.at == binary.end, "section");
    binary.end = end;
  }
  if (binary.why == NULL) check_holds(checked.has_memory, "memory");
  if (binary.why == NULL) check_holds(exported, "export");
  if (binary.why == NULL) {
    check_holds(checked.body_count == checked.function_count - checked.import_count, "bodies");
  }
  if (binary.why == NULL) forbid_recursion();
  return binary.why;
}
