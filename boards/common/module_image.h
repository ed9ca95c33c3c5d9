/** The compiled module as it lies in flash, for wasm3. Made when the firmware is built. */
#ifndef ISNKIT_MODULE_IMAGE_H
#define ISNKIT_MODULE_IMAGE_H

#include <stdint.h>

#include "sha256.h"

extern const uint8_t isnkit_module_image[];
/** Its length in bytes. */
extern const uint32_t isnkit_module_image_bytes;
/** SHA-256 of the image, computed by the build and not by the device. */
extern const uint8_t isnkit_module_digest[ISNKIT_SHA256_BYTES];

#endif
