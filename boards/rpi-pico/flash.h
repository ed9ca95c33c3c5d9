/** The last four sectors of the QSPI flash (2 MiB, sectors of 4 KiB, pages of 256 bytes): the journal. */
#ifndef RPI_PICO_FLASH_H
#define RPI_PICO_FLASH_H

#include "nvm.h"

enum {
  FLASH_RANGE = 1,
};

extern const isnkit_nvm_driver flash_driver;

#endif
