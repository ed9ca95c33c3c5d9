/** Made-up noise sources for conformance tests, never for a product: neither is a secret. */
#ifndef TEST_ENTROPY_H
#define TEST_ENTROPY_H

#include <stdint.h>

/** The same byte for ever: has to fail the health tests. */
uint32_t test_entropy_stuck(void *context, uint8_t *to, uint32_t bytes);
/** Passes the health tests; the same at each start. */
uint32_t test_entropy_varied(void *context, uint8_t *to, uint32_t bytes);

#endif
