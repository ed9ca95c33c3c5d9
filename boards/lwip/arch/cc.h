/** Compiler and platform of lwIP: gcc for Cortex-M, little-endian. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include "board.h"

#define LWIP_PLATFORM_DIAG(x) \
  do {                        \
  } while (0)
/** A broken invariant of the stack restarts the device, as every other fault does. */
#define LWIP_PLATFORM_ASSERT(x) board_reset()

#endif
