/** SHA-256 (FIPS 180-4), to check a module image before wasm3 runs it. */
#ifndef ISNKIT_SHA256_H
#define ISNKIT_SHA256_H

#include <stdint.h>

#define ISNKIT_SHA256_BYTES 32u

/** Digest of `bytes` bytes, fewer than 2^29 of them. */
void isnkit_sha256(const uint8_t *data, uint32_t bytes, uint8_t digest[ISNKIT_SHA256_BYTES]);

#endif
