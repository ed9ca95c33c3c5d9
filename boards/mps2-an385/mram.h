/**
 * The persistent memory: words at 0x21000000 that keep their content, as an MRAM on the memory bus does.
 * A write takes effect word by word, at once, without an erase; a power cut leaves any number of words
 * written. First the journal (8 KiB), then the log of the slots (2 × 2 KiB), then two slots of 24 KiB.
 */
#ifndef MPS2_AN385_MRAM_H
#define MPS2_AN385_MRAM_H

#include "nvm.h"

/** Error codes. */
enum {
  /** The access lies outside its region, or is not whole words. */
  MRAM_RANGE = 1,
};

extern const isnkit_nvm_driver mram_journal_driver;

#endif
