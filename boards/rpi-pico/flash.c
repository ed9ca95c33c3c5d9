#include "flash.h"

#include <stdbool.h>
#include <string.h>

#include "bootrom.h"
#include "rp2040.h"

#define FLASH_START 0x10000000u
#define FLASH_BYTES (2u * 1024u * 1024u)
// W25Q16JV data sheet §8.2: sector erase 4 KiB, page program 256 bytes, block erase 64 KiB by D8h.
#define SECTOR_BYTES 4096u
#define PAGE_BYTES 256u
#define BLOCK_BYTES 65536u
#define BLOCK_ERASE 0xD8u
#define SECTORS 4u
#define JOURNAL_BYTES (SECTORS * SECTOR_BYTES)
#define JOURNAL_OFFSET (FLASH_BYTES - JOURNAL_BYTES)
#define BLANK 0xFFu

static bootrom_flash rom;
static bool rom_found;
/** What is programmed has to lie in RAM; the rest of a page stays as it is when 1s are programmed. */
static uint8_t page[PAGE_BYTES];

static const uint8_t *in_map(uint32_t offset) {
  return (const uint8_t *)(FLASH_START + JOURNAL_OFFSET + offset);
}

/**
 * From exit_xip() to the end the flash is not in the memory map: this function runs from RAM, and
 * reads nothing but RAM and ROM. Programs `page`, or erases a sector.
 */
__attribute__((noinline, section(".ramcode"))) static void change_flash(uint32_t offset, bool erase) {
  rom.connect();
  rom.exit_xip();
  if (erase) rom.range_erase(offset, SECTOR_BYTES, BLOCK_BYTES, BLOCK_ERASE);
  else rom.range_program(offset, page, PAGE_BYTES);
  rom.flush_cache();
  rom.enter_xip();
  // The ROM reads at its own, slower pace; boot2.S has set this one.
  SSI_SSIENR = 0;
  SSI_BAUDR = SSI_DIVIDER;
  SSI_SSIENR = 1;
}

/** Interrupts wait: their vectors and handlers are in the flash. An erase takes up to 400 ms. */
static void change(uint32_t offset, bool erase) {
  uint32_t masked;
  __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
  change_flash(JOURNAL_OFFSET + offset, erase);
  __asm__ volatile("msr primask, %0" ::"r"(masked) : "memory");
}

static uint32_t flash_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  geometry->kind = ISNKIT_NVM_NOR;
  geometry->sector_bytes = SECTOR_BYTES;
  geometry->sectors = SECTORS;
  geometry->granule = PAGE_BYTES;
  rom_found = bootrom_find_flash(&rom);
  return rom_found ? 0 : FLASH_NO_ROM;
}

static bool in_journal(uint32_t offset, uint32_t bytes) {
  return offset <= JOURNAL_BYTES && bytes <= JOURNAL_BYTES - offset;
}

static uint32_t flash_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes)) return FLASH_RANGE;
  memcpy(to, in_map(offset), bytes);
  return 0;
}

static uint32_t flash_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes)) return FLASH_RANGE;
  if (!rom_found) return FLASH_NO_ROM;
  while (bytes > 0) {
    const uint32_t in_page = offset % PAGE_BYTES;
    const uint32_t part = bytes < PAGE_BYTES - in_page ? bytes : PAGE_BYTES - in_page;
    memset(page, BLANK, sizeof page);
    memcpy(page + in_page, from, part);
    change(offset - in_page, false);
    if (memcmp(in_map(offset), from, part) != 0) return FLASH_VERIFY;
    offset += part;
    from += part;
    bytes -= part;
  }
  return 0;
}

static uint32_t flash_erase(void *device, uint32_t sector) {
  (void)device;
  if (sector >= SECTORS) return FLASH_RANGE;
  if (!rom_found) return FLASH_NO_ROM;
  change(sector * SECTOR_BYTES, true);
  const uint8_t *cells = in_map(sector * SECTOR_BYTES);
  for (uint32_t i = 0; i < SECTOR_BYTES; i++) {
    if (cells[i] != BLANK) return FLASH_VERIFY;
  }
  return 0;
}

static void flash_close(void *device) { (void)device; }

const isnkit_nvm_driver flash_driver = {flash_open, flash_read, flash_program, flash_erase,
                                        flash_close};
