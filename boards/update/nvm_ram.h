/**
 * A memory in RAM with the geometry of another one: to put a module to the test on a copy of the journal,
 * which it may ruin without harm.
 */
#ifndef ISNKIT_NVM_RAM_H
#define ISNKIT_NVM_RAM_H

#include <stdbool.h>

#include "nvm.h"

typedef struct nvm_ram {
  isnkit_nvm_geometry geometry;
  uint8_t *cells;
  uint32_t bytes;
} nvm_ram;

/** The device of an isnkit_nvm with this driver is an nvm_ram. */
extern const isnkit_nvm_driver nvm_ram_driver;

/** All bytes 0xFF. False when `room` is too small for the geometry. */
bool nvm_ram_blank(nvm_ram *ram, const isnkit_nvm_geometry *geometry, uint8_t *cells, uint32_t room);
/** The content of another memory, which is only read. False when it does not fit or cannot be read. */
bool nvm_ram_copy(nvm_ram *ram, const isnkit_nvm *from, uint8_t *cells, uint32_t room);

#endif
