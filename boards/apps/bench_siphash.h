/** SipHash-2-4 in plain C, as the measure that the module is held against. */
#ifndef BENCH_SIPHASH_H
#define BENCH_SIPHASH_H

#include <stdint.h>

/** SipHash-2-4 of a message that is padded already: `count` words, its length in the last byte. */
uint64_t bench_siphash24(const uint64_t key[2], const uint64_t *words, uint32_t count);

#endif
