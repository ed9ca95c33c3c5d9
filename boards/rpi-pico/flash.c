#include "flash.h"

#include <string.h>

#include "emulator_calls.h"

#define FLASH_START 0x10000000u
#define FLASH_BYTES (2u * 1024u * 1024u)
// W25Q16JV data sheet §8.2: sector erase 4 KiB, page program 256 bytes.
#define SECTOR_BYTES 4096u
#define PAGE_BYTES 256u
#define SECTORS 4u
#define JOURNAL_BYTES (SECTORS * SECTOR_BYTES)
#define JOURNAL_OFFSET (FLASH_BYTES - JOURNAL_BYTES)

static uint32_t flash_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  geometry->kind = ISNKIT_NVM_NOR;
  geometry->sector_bytes = SECTOR_BYTES;
  geometry->sectors = SECTORS;
  geometry->granule = PAGE_BYTES;
  return 0;
}

static uint32_t in_journal(uint32_t offset, uint32_t bytes) {
  return offset <= JOURNAL_BYTES && bytes <= JOURNAL_BYTES - offset;
}

static uint32_t flash_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes)) return FLASH_RANGE;
  memcpy(to, (const uint8_t *)(FLASH_START + JOURNAL_OFFSET + offset), bytes);
  return 0;
}

static uint32_t flash_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes)) return FLASH_RANGE;
  return emulator_program(JOURNAL_OFFSET + offset, from, bytes);
}

static uint32_t flash_erase(void *device, uint32_t sector) {
  (void)device;
  if (sector >= SECTORS) return FLASH_RANGE;
  return emulator_erase(JOURNAL_OFFSET + sector * SECTOR_BYTES, SECTOR_BYTES);
}

static void flash_close(void *device) { (void)device; }

const isnkit_nvm_driver flash_driver = {flash_open, flash_read, flash_program, flash_erase,
                                        flash_close};
