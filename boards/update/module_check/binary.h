/**
 * The module's bytes, read from its first to its last. The first thing that is wrong ends the reading: `why`
 * is set, and every read gives 0.
 */
#ifndef ISNKIT_MODULE_CHECK_BINARY_H
#define ISNKIT_MODULE_CHECK_BINARY_H

#include <stdbool.h>
#include <stdint.h>

/** Where reading stands: in a section or a body, `end` is the end of that. */
typedef struct binary_input {
  const uint8_t *at;
  const uint8_t *end;
  const char *why;
} binary_input;
extern binary_input binary;

/** Always false. */
bool check_fail(const char *why);
/** The condition; fails when it is false. */
bool check_holds(bool condition, const char *why);
bool check_value_type(uint8_t type);

uint8_t next_byte(void);
/** LEB128 (§5.2.2): no more bytes than the width needs, and no bits beyond it. */
uint32_t next_u32(void);
/** The value does not matter, its form does. `bits`: 32 or 64. */
void skip_signed(unsigned bits);
/** Passes over bytes, and returns where they begin. */
const uint8_t *next_bytes(uint32_t count);

#endif
