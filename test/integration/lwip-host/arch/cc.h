/** Compiler and platform of lwIP on this machine: a broken invariant ends the test. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdio.h>
#include <stdlib.h>

#define LWIP_PLATFORM_DIAG(x) \
  do {                        \
  } while (0)
#define LWIP_PLATFORM_ASSERT(x)                 \
  do {                                          \
    fprintf(stderr, "lwIP: %s\n", x);           \
    abort();                                    \
  } while (0)

#endif
