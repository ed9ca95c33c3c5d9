#include "connection_bytes.h"

#include <stddef.h>

/** From the first to the second; without them the application's own. */
static bool given;
static uint32_t range[2];

bool connection_bytes_take(const console_command *command) {
  uint32_t asked[2] = {0};
  if (console_value(command, "bytes") == NULL) {
    given = false;
    return true;
  }
  uint32_t count;
  if (!console_numbers(command, "bytes", asked, 2, &count)) return false;
  if (count == 1) asked[1] = asked[0];
  if (asked[0] > asked[1] || asked[1] > CONNECTION_BYTES_MAX) return false;
  given = true;
  range[0] = asked[0];
  range[1] = asked[1];
  return true;
}

uint32_t connection_bytes_of(uint32_t turn, uint32_t own) {
  // Another prime than the table is long, so that each server sees all lengths.
  return given ? range[0] + turn * 7919u % (range[1] - range[0] + 1) : own;
}
