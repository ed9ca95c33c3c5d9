#include "mram.h"

#include <stdbool.h>
#include <string.h>

#include "an385.h"
#include "board_slots.h"

#define JOURNAL_OFFSET 0x0000u
#define JOURNAL_SECTORS 4u
#define JOURNAL_SECTOR_BYTES 2048u
#define JOURNAL_BYTES (JOURNAL_SECTORS * JOURNAL_SECTOR_BYTES)
#define LOG_OFFSET 0x2000u
#define LOG_SECTOR_BYTES 2048u
#define SLOTS_OFFSET 0x4000u
#define SLOT_BYTES 0x6000u
#define WORD_BYTES 4u
#define ERASED 0xFFFFFFFFu

static volatile uint32_t *word_at(uint32_t offset) {
  return (volatile uint32_t *)(MRAM_ADDRESS + offset);
}

static bool inside(uint32_t region, uint32_t offset, uint32_t bytes) {
  return offset <= region && bytes <= region - offset;
}

static void barrier(void) { __asm__ volatile("dsb" ::: "memory"); }

static void erase(uint32_t offset, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += WORD_BYTES) *word_at(offset + at) = ERASED;
  barrier();
}

/** Whole words; the last one is filled up with 0xFF. */
static void program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += WORD_BYTES) {
    uint32_t word = ERASED;
    memcpy(&word, from + at, bytes - at < WORD_BYTES ? bytes - at : WORD_BYTES);
    *word_at(offset + at) = word;
  }
  barrier();
}

static void read(uint32_t offset, uint8_t *to, uint32_t bytes) {
  memcpy(to, (const uint8_t *)(MRAM_ADDRESS + offset), bytes);
}

// The journal.

static uint32_t journal_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  geometry->kind = ISNKIT_NVM_EEPROM;
  geometry->sector_bytes = JOURNAL_SECTOR_BYTES;
  geometry->sectors = JOURNAL_SECTORS;
  geometry->granule = WORD_BYTES;
  return 0;
}

static uint32_t journal_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (!inside(JOURNAL_BYTES, offset, bytes)) return MRAM_RANGE;
  read(JOURNAL_OFFSET + offset, to, bytes);
  return 0;
}

static uint32_t journal_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (!inside(JOURNAL_BYTES, offset, bytes) || (offset | bytes) % WORD_BYTES != 0) {
    return MRAM_RANGE;
  }
  program(JOURNAL_OFFSET + offset, from, bytes);
  return 0;
}

static uint32_t journal_erase(void *device, uint32_t sector) {
  // As with an EEPROM, nobody erases; the module programs 0xFF instead.
  (void)device;
  (void)sector;
  return MRAM_RANGE;
}

static void journal_close(void *device) { (void)device; }

const isnkit_nvm_driver mram_journal_driver = {journal_open, journal_read, journal_program,
                                               journal_erase, journal_close};

// Slots and their log.

static uint32_t erase_slot(uint32_t slot) {
  if (slot >= MODULE_SLOTS) return MRAM_RANGE;
  erase(SLOTS_OFFSET + slot * SLOT_BYTES, SLOT_BYTES);
  return 0;
}

static uint32_t program_slot(uint32_t slot, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  if (slot >= MODULE_SLOTS || !inside(SLOT_BYTES, offset, bytes) || offset % WORD_BYTES != 0) {
    return MRAM_RANGE;
  }
  program(SLOTS_OFFSET + slot * SLOT_BYTES + offset, from, bytes);
  return 0;
}

static bool in_log(uint32_t sector, uint32_t offset, uint32_t bytes) {
  return sector < MODULE_LOG_SECTORS && inside(LOG_SECTOR_BYTES, offset, bytes);
}

static uint32_t read_log(uint32_t sector, uint32_t offset, uint8_t *to, uint32_t bytes) {
  if (!in_log(sector, offset, bytes)) return MRAM_RANGE;
  read(LOG_OFFSET + sector * LOG_SECTOR_BYTES + offset, to, bytes);
  return 0;
}

static uint32_t program_log(uint32_t sector, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  if (!in_log(sector, offset, bytes) || (offset | bytes) % WORD_BYTES != 0) return MRAM_RANGE;
  program(LOG_OFFSET + sector * LOG_SECTOR_BYTES + offset, from, bytes);
  return 0;
}

static uint32_t erase_log(uint32_t sector) {
  if (sector >= MODULE_LOG_SECTORS) return MRAM_RANGE;
  erase(LOG_OFFSET + sector * LOG_SECTOR_BYTES, LOG_SECTOR_BYTES);
  return 0;
}

const module_storage board_module_storage = {
    .slot_bytes = SLOT_BYTES,
    .log_sector_bytes = LOG_SECTOR_BYTES,
    .slots = {(const uint8_t *)(MRAM_ADDRESS + SLOTS_OFFSET),
              (const uint8_t *)(MRAM_ADDRESS + SLOTS_OFFSET + SLOT_BYTES)},
    .erase_slot = erase_slot,
    .program_slot = program_slot,
    .read_log = read_log,
    .program_log = program_log,
    .erase_log = erase_log,
};
