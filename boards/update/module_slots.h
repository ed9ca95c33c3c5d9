/**
 * Two slots for modules, and a log that says which of them runs. A new module goes into the slot that does
 * not run; it is tried, and the old one comes back unless the new one was confirmed before the next
 * start. Whatever instant the power fails at, one intact module is chosen: an active slot, or the one
 * that was built into the firmware.
 *
 * The log is two sectors of records of 96 bytes. Each record holds the whole state and a CRC-32; the
 * valid one with the highest number counts. A torn record is skipped and its place is never programmed
 * again before an erase; the sector with the newest record is never erased.
 *
 * A module in the flash of another part is no good to wasm3, which runs the bytes in place: the slots have
 * to be memory-mapped.
 */
#ifndef ISNKIT_MODULE_SLOTS_H
#define ISNKIT_MODULE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sha256.h"

#define MODULE_SLOTS 2u
/** Stands for the module that the firmware was built with. */
#define MODULE_BUILT_IN 2u
#define MODULE_LOG_SECTORS 2u
#define MODULE_RECORD_BYTES 96u

/** Where slots and log lie. All functions return 0, or an error code; programs are durable when they return. */
typedef struct module_storage {
  /** Room of a slot. */
  uint32_t slot_bytes;
  /** Size of a sector of the log: whole records, two at least. */
  uint32_t log_sector_bytes;
  const uint8_t *slots[MODULE_SLOTS];
  uint32_t (*erase_slot)(uint32_t slot);
  /** Whole granules but for the end of the image; the part's granule divides 1,024. */
  uint32_t (*program_slot)(uint32_t slot, uint32_t offset, const uint8_t *from, uint32_t bytes);
  uint32_t (*read_log)(uint32_t sector, uint32_t offset, uint8_t *to, uint32_t bytes);
  uint32_t (*program_log)(uint32_t sector, uint32_t offset, const uint8_t *from, uint32_t bytes);
  uint32_t (*erase_log)(uint32_t sector);
} module_storage;

/** Why the last new module does not run. Numbers are stored: never change one. */
typedef enum module_outcome {
  MODULE_OUTCOME_NONE = 0,
  MODULE_OUTCOME_CONFIRMED = 1,
  /** The device restarted while the new module was checked: a hang or a crash of its self test. */
  MODULE_OUTCOME_CHECK_RESTARTED = 2,
  /** A check did not hold; the record before the restart says which. */
  MODULE_OUTCOME_CHECK_FAILED = 3,
  /** The device restarted before anybody confirmed the new module. */
  MODULE_OUTCOME_NOT_CONFIRMED = 4,
  /** The new module trapped or failed while it was tried. */
  MODULE_OUTCOME_TRAPPED = 5,
  /** Asked for. */
  MODULE_OUTCOME_ROLLED_BACK = 6,
  /** The watchdog ended it. */
  MODULE_OUTCOME_WATCHDOG = 7,
} module_outcome;

typedef enum module_phase {
  MODULE_IDLE = 0,
  /** The candidate is being checked: no boot runs it. */
  MODULE_CHECKING = 1,
  /** The next boot tries the candidate. */
  MODULE_ARMED = 2,
  /** This boot tries it; the next one takes the old module again. */
  MODULE_TRIAL = 3,
} module_phase;

typedef enum module_journal {
  MODULE_JOURNAL_KEPT = 0,
  /** The journal is being wiped: the next boot goes on with it. */
  MODULE_JOURNAL_WIPING = 1,
  /** It was wiped once, so the device never counts as a new one again. */
  MODULE_JOURNAL_WIPED = 2,
} module_journal;

/** What a slot holds; length 0: nothing that may run. */
typedef struct module_slot {
  uint32_t length;
  uint8_t digest[ISNKIT_SHA256_BYTES];
} module_slot;

typedef struct module_state {
  /** 0, 1 or MODULE_BUILT_IN: what runs when nothing is tried. */
  uint8_t active;
  /** 0 or 1 while one is checked or tried. */
  uint8_t candidate;
  uint8_t phase;
  uint8_t outcome;
  uint8_t journal;
  module_slot slots[MODULE_SLOTS];
} module_state;

/** Reads the log. An empty or unreadable log: the built-in module is active. Returns 0 or an error code. */
uint32_t module_slots_open(const module_storage *storage);
const module_state *module_slots_state(void);

/**
 * At each boot, before a module runs: ends an old trial, starts one that is armed. `cause` tells whether
 * the watchdog ended the trial. Returns the slot to run, MODULE_BUILT_IN if no slot holds what it
 * should. An armed trial begins only when that is durable.
 */
uint32_t module_slots_boot(bool watchdog);

/** The slot that a new module goes to. */
uint32_t module_slots_spare(void);

/** Clears the spare slot. Its old content is forgotten first. Returns 0 or an error code. */
uint32_t module_slots_erase_spare(void);
/** Writes the next bytes of an image to the spare slot. */
uint32_t module_slots_program(uint32_t offset, const uint8_t *from, uint32_t bytes);

/** The spare slot holds this image, and it is being checked from now on. Returns 0 or an error code. */
uint32_t module_slots_begin_check(uint32_t length, const uint8_t digest[ISNKIT_SHA256_BYTES]);
/** The check held: the next boot tries it. */
uint32_t module_slots_arm(void);
/** The candidate is not to run. */
uint32_t module_slots_reject(module_outcome outcome);
/** The trial holds: the candidate is the active module from now on. Returns 0 or an error code. */
uint32_t module_slots_confirm(void);
/** Steps of a wipe of the journal. */
uint32_t module_slots_set_journal(module_journal journal);

const char *module_outcome_name(uint32_t outcome);

#endif
