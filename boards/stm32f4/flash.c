#include "flash.h"

#include "flash_access.h"

// RM0090 §3.9: registers and their bits.
#define KEYR 0x40023C04u
#define SR 0x40023C0Cu
#define CR 0x40023C10u
#define ACR 0x40023C00u
#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu
#define SR_BUSY (1u << 16)
/** Operation, write protection, alignment, parallelism and sequence errors; cleared by writing 1. */
#define SR_ERRORS 0xF2u
#define SR_END 1u
#define CR_PROGRAM (1u << 0)
#define CR_SECTOR_ERASE (1u << 1)
#define CR_SECTOR(n) ((uint32_t)(n) << 3)
/** Words: needs 2.7 to 3.6 V (§3.6.2). */
#define CR_BY_WORD (2u << 8)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define ACR_DATA_CACHE (1u << 10)
#define ACR_DATA_CACHE_RESET (1u << 12)

/** The journal's first sector in the controller's count. */
#define FIRST_SECTOR 1u
#define JOURNAL_BYTES (STM32F4_JOURNAL_SECTORS * STM32F4_SECTOR_BYTES)
/** A sector of 16 KiB takes at most 0.8 s (data sheet): at 168 MHz some 30 million turns. */
#define BUSY_LOOPS 100000000u

static uint32_t wait(void) {
  for (uint32_t i = 0; i < BUSY_LOOPS; i++) {
    const uint32_t status = flash_register(SR);
    if ((status & SR_BUSY) == 0) return status & SR_ERRORS;
  }
  return STM32F4_FLASH_BUSY;
}

/** §3.6.1: two keys in order; the journal locks again behind each operation. */
static uint32_t unlock(void) {
  const uint32_t busy = wait();
  if (busy == STM32F4_FLASH_BUSY) return busy;
  // Errors of an earlier operation would be taken for ours.
  flash_set_register(SR, SR_ERRORS | SR_END);
  if ((flash_register(CR) & CR_LOCK) == 0) return 0;
  flash_set_register(KEYR, KEY1);
  flash_set_register(KEYR, KEY2);
  return flash_register(CR) & CR_LOCK ? STM32F4_FLASH_LOCKED : 0;
}

static void lock(void) { flash_set_register(CR, CR_LOCK); }

static uint32_t flash_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  geometry->kind = ISNKIT_NVM_NOR;
  geometry->sector_bytes = STM32F4_SECTOR_BYTES;
  geometry->sectors = STM32F4_JOURNAL_SECTORS;
  geometry->granule = 4;
  return 0;
}

static int in_journal(uint32_t offset, uint32_t bytes) {
  return offset <= JOURNAL_BYTES && bytes <= JOURNAL_BYTES - offset;
}

static uint32_t flash_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes)) return STM32F4_FLASH_RANGE;
  for (uint32_t i = 0; i < bytes; i++) to[i] = flash_byte(STM32F4_JOURNAL_ADDRESS + offset + i);
  return 0;
}

/** §3.6.3, word by word. */
static uint32_t flash_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (!in_journal(offset, bytes) || ((offset | bytes) & 3) != 0) return STM32F4_FLASH_RANGE;
  uint32_t code = unlock();
  for (uint32_t i = 0; code == 0 && i < bytes; i += 4) {
    const uint32_t word = from[i] | (uint32_t)from[i + 1] << 8 | (uint32_t)from[i + 2] << 16 |
                          (uint32_t)from[i + 3] << 24;
    flash_set_register(CR, CR_PROGRAM | CR_BY_WORD);
    flash_set_word(STM32F4_JOURNAL_ADDRESS + offset + i, word);
    code = wait();
  }
  lock();
  return code;
}

/** §3.6.2; then §3.5.2: the data cache may still hold what the sector was. */
static uint32_t flash_erase(void *device, uint32_t sector) {
  (void)device;
  if (sector >= STM32F4_JOURNAL_SECTORS) return STM32F4_FLASH_RANGE;
  uint32_t code = unlock();
  if (code == 0) {
    const uint32_t command = CR_SECTOR_ERASE | CR_BY_WORD | CR_SECTOR(FIRST_SECTOR + sector);
    flash_set_register(CR, command);
    flash_set_register(CR, command | CR_START);
    code = wait();
  }
  lock();
  const uint32_t access = flash_register(ACR);
  flash_set_register(ACR, access & ~ACR_DATA_CACHE);
  flash_set_register(ACR, (access & ~ACR_DATA_CACHE) | ACR_DATA_CACHE_RESET);
  flash_set_register(ACR, access & ~ACR_DATA_CACHE_RESET);
  return code;
}

static void flash_close(void *device) {
  (void)device;
  lock();
}

const isnkit_nvm_driver stm32f4_flash_driver = {flash_open, flash_read, flash_program, flash_erase,
                                                flash_close};
