#include "module_check/binary.h"

#include <stddef.h>

#include "wasm_format.h"

binary_input binary;

bool check_fail(const char *why) {
  if (binary.why == NULL) binary.why = why;
  binary.at = binary.end;
  return false;
}

bool check_holds(bool condition, const char *why) { return condition ? true : check_fail(why); }

uint8_t next_byte(void) {
  if (binary.at >= binary.end) {
    check_fail("truncated");
    return 0;
  }
  return *binary.at++;
}

uint32_t next_u32(void) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const uint8_t part = next_byte();
    if (shift == 28 && part > 0x0F) break;
    value |= (uint32_t)(part & 0x7F) << shift;
    if ((part & 0x80) == 0) return value;
  }
  check_fail("number");
  return 0;
}

void skip_signed(unsigned bits) {
  for (unsigned shift = 0; shift < bits; shift += 7) {
    const uint8_t part = next_byte();
    if (binary.why != NULL) return;
    if (shift + 7 > bits) {
      // The last byte: all bits from the sign on are alike.
      const uint8_t above = (uint8_t)(0x7Fu & ~((1u << (bits - shift - 1)) - 1u));
      const uint8_t set = part & above;
      if ((part & 0x80) != 0 || (set != 0 && set != above)) check_fail("number");
      return;
    }
    if ((part & 0x80) == 0) return;
  }
  check_fail("number");
}

const uint8_t *next_bytes(uint32_t count) {
  const uint8_t *from = binary.at;
  if ((uint32_t)(binary.end - binary.at) < count) {
    check_fail("truncated");
    return from;
  }
  binary.at += count;
  return from;
}

bool check_value_type(uint8_t type) {
  return check_holds(type == WASM_I32 || type == WASM_I64, "type");
}
