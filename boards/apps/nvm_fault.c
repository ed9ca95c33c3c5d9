#include "nvm_fault.h"

#include <stdbool.h>
#include <stddef.h>

#include "board.h"
#include "console.h"

/** Error code that stands for "made on command" in the records. */
#define FAULT_CODE 0xfau

typedef struct fault {
  nvm_fault_kind kind;
  uint32_t countdown;
  uint32_t amount;
} fault;

/** Errors and the tear are apart: power may fail while writes do. */
static fault errors;
static fault tearing;

void nvm_fault_set(nvm_fault_kind kind, uint32_t after, uint32_t amount) {
  const fault set = {kind, after, amount};
  if (kind == NVM_FAULT_NONE) errors = tearing = set;
  else if (kind == NVM_FAULT_TORN) tearing = set;
  else errors = set;
}

/** Whether this program is the one, or one of those, that the fault is about. */
static bool due(fault *set) {
  if (set->kind == NVM_FAULT_NONE) return false;
  if (set->countdown == 0) return true;
  set->countdown--;
  return false;
}

static uint32_t open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  return board_nvm.driver->open(board_nvm.device, geometry);
}

static uint32_t read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (errors.kind == NVM_FAULT_READ_FAILS && errors.countdown == 0) return FAULT_CODE;
  return board_nvm.driver->read(board_nvm.device, offset, to, bytes);
}

/** Writes the first part only. On flash that part must be whole granules of the driver below. */
static void tear(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  const uint32_t part = tearing.amount < bytes ? tearing.amount : bytes;
  if (part > 0) board_nvm.driver->program(board_nvm.device, offset, from, part);
  console_begin("torn");
  console_decimal("offset", offset);
  console_decimal("bytes", part);
  console_decimal("of", bytes);
  console_end();
  for (;;) {
  }
}

static uint32_t program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (due(&tearing)) tear(offset, from, bytes);
  if (due(&errors) && errors.kind == NVM_FAULT_PROGRAM_FAILS) {
    // The last one that was ordered.
    if (errors.amount == 1) errors.kind = NVM_FAULT_NONE;
    else if (errors.amount > 0) errors.amount--;
    return FAULT_CODE;
  }
  return board_nvm.driver->program(board_nvm.device, offset, from, bytes);
}

static uint32_t erase(void *device, uint32_t sector) {
  (void)device;
  return board_nvm.driver->erase(board_nvm.device, sector);
}

static void close(void *device) {
  (void)device;
  board_nvm.driver->close(board_nvm.device);
}

static const isnkit_nvm_driver driver = {open, read, program, erase, close};
const isnkit_nvm nvm_with_faults = {&driver, NULL};
