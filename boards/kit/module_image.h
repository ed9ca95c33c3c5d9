/** The module as bytes, for wasm3: the one that the firmware was built with, or another in its place. */
#ifndef ISNKIT_MODULE_IMAGE_H
#define ISNKIT_MODULE_IMAGE_H

#include <stdint.h>

#include "sha256.h"

// Made when the firmware is built: image, length, and the SHA-256 that the build computed.
extern const uint8_t isnkit_module_image[];
extern const uint32_t isnkit_module_image_bytes;
extern const uint8_t isnkit_module_digest[ISNKIT_SHA256_BYTES];

/** An image that stays where it is while it runs. */
typedef struct isnkit_module {
  const uint8_t *image;
  uint32_t bytes;
  /** What its SHA-256 has to be. */
  const uint8_t *digest;
} isnkit_module;

/** Which module the next isnkit_start() runs; NULL: the built-in one. Only wasm3 has this choice. */
void isnkit_runtime_select(const isnkit_module *module);

#endif
