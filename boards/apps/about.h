/**
 * What this device runs: the fields of `hello` and the record `about` by which the harness proves that a
 * new module or firmware is the one that it sent (docs/flash.md).
 */
#ifndef ISNKIT_ABOUT_H
#define ISNKIT_ABOUT_H

#include <stdbool.h>
#include <stdint.h>

/** What runs in place of the built-in module; absent on boards without slots. */
typedef struct about_module {
  /** "a", "b" or "built-in". */
  const char *slot;
  const uint8_t *digest;
  uint32_t bytes;
} about_module;

/** Adds version, module and slot to the open record: 8 bytes of the SHA-256, or all 32. */
void about_fields(const about_module *module, uint32_t digest_bytes);
/** Adds the hash of the firmware's own image, piece by piece: `address+length:8 bytes of SHA-256`. */
void about_image(void);

/** The built-in module. */
extern const about_module about_built_in;

#endif
