#include "ram_journal.h"

#include <string.h>

#define SECTORS 3u
#define SECTOR_BYTES 4096u
#define GRANULE 4u
/** Says that the memory behind it was erased once since power-on. */
#define ERASED 0x15A5A15Au

/** Start-up leaves it as it is. */
static struct {
  uint32_t mark;
  uint8_t cells[SECTORS * SECTOR_BYTES];
} kept __attribute__((section(".noinit")));

static uint32_t ram_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  if (kept.mark != ERASED) memset(kept.cells, 0xff, sizeof kept.cells);
  kept.mark = ERASED;
  geometry->kind = ISNKIT_NVM_NOR;
  geometry->sector_bytes = SECTOR_BYTES;
  geometry->sectors = SECTORS;
  geometry->granule = GRANULE;
  return 0;
}

static uint32_t ram_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (offset > sizeof kept.cells || bytes > sizeof kept.cells - offset) return 1;
  memcpy(to, kept.cells + offset, bytes);
  return 0;
}

static uint32_t ram_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (offset > sizeof kept.cells || bytes > sizeof kept.cells - offset) return 1;
  for (uint32_t i = 0; i < bytes; i++) kept.cells[offset + i] &= from[i];
  return 0;
}

static uint32_t ram_erase(void *device, uint32_t sector) {
  (void)device;
  if (sector >= SECTORS) return 1;
  memset(kept.cells + sector * SECTOR_BYTES, 0xff, SECTOR_BYTES);
  return 0;
}

static void ram_close(void *device) { (void)device; }

const isnkit_nvm_driver ram_journal_driver = {ram_open, ram_read, ram_program, ram_erase,
                                              ram_close};
