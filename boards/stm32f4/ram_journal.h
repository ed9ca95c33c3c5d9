/**
 * A journal in RAM, for QEMU only, which has no model of the flash controller: it survives a reset of
 * the core and no power cut. On the chip the board uses flash.h.
 */
#ifndef STM32F4_RAM_JOURNAL_H
#define STM32F4_RAM_JOURNAL_H

#include "nvm.h"

extern const isnkit_nvm_driver ram_journal_driver;

#endif
