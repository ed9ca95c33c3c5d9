/**
 * Sectors 1 to 3 of the STM32F405's internal flash (16 KiB each, words of 4 bytes) as the journal's
 * memory (RM0090 §3). Sector 0 holds the vectors, the program starts behind the journal.
 */
#ifndef STM32F4_FLASH_H
#define STM32F4_FLASH_H

#include "nvm.h"

#define STM32F4_JOURNAL_ADDRESS 0x08004000u
#define STM32F4_JOURNAL_SECTORS 3u
#define STM32F4_SECTOR_BYTES 16384u

/** Error codes of the driver; from 0x10 on the error flags of FLASH_SR. */
enum {
  STM32F4_FLASH_RANGE = 1,
  /** The controller stays busy. */
  STM32F4_FLASH_BUSY = 2,
  /** The controller does not take its keys: it stays locked until the next reset. */
  STM32F4_FLASH_LOCKED = 3,
};

extern const isnkit_nvm_driver stm32f4_flash_driver;

#endif
