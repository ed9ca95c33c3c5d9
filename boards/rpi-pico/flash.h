/** The last four sectors of the QSPI flash (2 MiB, sectors of 4 KiB, pages of 256 bytes): the journal. */
#ifndef RPI_PICO_FLASH_H
#define RPI_PICO_FLASH_H

#include "nvm.h"

/** Error codes of the driver. */
enum {
  FLASH_RANGE = 1,
  /** The memory does not hold what was programmed, or is not blank after an erase. */
  FLASH_VERIFY = 2,
  /** The boot ROM has no flash functions. */
  FLASH_NO_ROM = 3,
};

extern const isnkit_nvm_driver flash_driver;

#endif
