/** A 24C64 EEPROM (8 KiB, pages of 32 bytes) on I2C0, address 0x50: the journal's memory. */
#ifndef LM3S6965EVB_EEPROM_H
#define LM3S6965EVB_EEPROM_H

#include "nvm.h"

/** Error codes of the driver. */
enum {
  /** The part does not answer its address. */
  EEPROM_NO_ANSWER = 1,
  /** The part answered, and refused a byte. */
  EEPROM_REFUSED = 2,
  /** The write cycle did not end in time. */
  EEPROM_BUSY = 3,
  /** The bus hangs. */
  EEPROM_BUS = 4,
  /** The access lies outside the part. */
  EEPROM_RANGE = 5,
};

extern const isnkit_nvm_driver eeprom_driver;

#endif
