/** SipHash-2-4 in plain C, as the measure that the module is held against. */
#ifndef BENCH_SIPHASH_H
#define BENCH_SIPHASH_H

#include <stdint.h>

uint64_t bench_siphash24(const uint64_t key[2], const uint8_t *message, uint32_t bytes);

#endif
