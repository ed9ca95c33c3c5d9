/**
 * A memory driver in front of another one that fails on command: for conformance tests, never for a
 * product. Faults are counted in calls of `program` from the moment they are set.
 */
#ifndef ISNKIT_NVM_FAULT_H
#define ISNKIT_NVM_FAULT_H

#include "nvm.h"

typedef enum nvm_fault_kind {
  NVM_FAULT_NONE = 0,
  /** Programs return an error and change nothing. */
  NVM_FAULT_PROGRAM_FAILS = 1,
  /** Reads return an error. */
  NVM_FAULT_READ_FAILS = 2,
  /** The device tears the program after `bytes` bytes, tells so, and stands still for its power cut. */
  NVM_FAULT_TORN = 3,
} nvm_fault_kind;

extern const isnkit_nvm nvm_with_faults;

/**
 * From the program numbered `after` on (0: the next one). `amount`: the bytes of NVM_FAULT_TORN; how many
 * programs NVM_FAULT_PROGRAM_FAILS fails (0: all). Errors and a tear may be set at once;
 * NVM_FAULT_NONE clears both.
 */
void nvm_fault_set(nvm_fault_kind kind, uint32_t after, uint32_t amount);

#endif
