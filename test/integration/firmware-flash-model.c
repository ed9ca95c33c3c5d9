/**
 * A model of the STM32F4's flash controller (RM0090 §3), and the driver of boards/stm32f4/flash.c run
 * against it. Prints one line a step; the test compares them. Breaches of the manual are printed too.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "flash.h"
#include "flash_access.h"

#define FLASH_START 0x08000000u
#define CELLS 0x10000u
#define KEYR 0x40023C04u
#define SR 0x40023C0Cu
#define CR 0x40023C10u
#define LOCK (1u << 31)
#define BUSY (1u << 16)
#define WRITE_PROTECTED (1u << 4)
#define SEQUENCE_ERROR (1u << 7)
#define PARALLELISM_ERROR (1u << 6)

static uint8_t cells[CELLS];
static uint32_t status, control = LOCK, access = 0x705;
static uint32_t key_step;
static bool locked_for_good, protected_sectors, stuck_busy;
static unsigned busy_reads;
static unsigned cache_flushes;

static void breach(const char *what) { printf("BREACH %s\n", what); }

uint32_t flash_register(uint32_t address) {
  if (address == SR) {
    if (stuck_busy) return status | BUSY;
    if (busy_reads > 0 && --busy_reads > 0) return status | BUSY;
    return status;
  }
  if (address == CR) return control;
  if (address == 0x40023C00u) return access;
  breach("read of an unknown register");
  return 0;
}

static void erase_sector(unsigned sector) {
  if (protected_sectors) {
    status |= WRITE_PROTECTED;
    return;
  }
  // §3.4: sectors 0 to 3 have 16 KiB each.
  if (sector > 3) breach("erase outside the journal");
  else memset(cells + sector * 0x4000u, 0xff, 0x4000u);
  busy_reads = 5;
}

static void set_control(uint32_t value) {
  if (busy_reads > 0) breach("CR written while busy");
  if ((control & LOCK) != 0) {
    // §3.6.1: a locked register takes nothing.
    if ((value & LOCK) == 0) breach("CR written while locked");
    return;
  }
  control = value;
  if ((value & (1u << 16)) == 0) return;
  control &= ~(1u << 16);
  if ((value & 2u) == 0) breach("start without a kind of erase");
  else erase_sector(value >> 3 & 15);
}

void flash_set_register(uint32_t address, uint32_t value) {
  if (address == SR) {
    status &= ~value;
  } else if (address == CR) {
    set_control(value);
  } else if (address == KEYR) {
    const uint32_t due = key_step == 0 ? 0x45670123u : 0xCDEF89ABu;
    if (value != due || locked_for_good) {
      locked_for_good = true;
    } else if (++key_step == 2) {
      control &= ~LOCK;
      key_step = 0;
    }
  } else if (address == 0x40023C00u) {
    if ((value & (1u << 12)) != 0) {
      // §3.9.1: the cache is reset only while it is off.
      if ((value & (1u << 10)) != 0) breach("data cache reset while it is on");
      cache_flushes++;
    }
    access = value;
  } else {
    breach("write to an unknown register");
  }
}

uint8_t flash_byte(uint32_t address) { return cells[address - FLASH_START]; }

void flash_set_word(uint32_t address, uint32_t value) {
  if (busy_reads > 0) breach("word written while busy");
  if (address < STM32F4_JOURNAL_ADDRESS) breach("word written outside the journal");
  if ((control & LOCK) != 0 || (control & 1u) == 0) {
    status |= SEQUENCE_ERROR;
    return;
  }
  if ((control >> 8 & 3) != 2) {
    status |= PARALLELISM_ERROR;
    return;
  }
  if (protected_sectors) {
    status |= WRITE_PROTECTED;
    return;
  }
  for (unsigned i = 0; i < 4; i++) cells[address - FLASH_START + i] &= (uint8_t)(value >> (8 * i));
  busy_reads = 3;
}

static void say(const char *what, uint32_t code) {
  printf("%s %u locked %u\n", what, (unsigned)code, (unsigned)((control & LOCK) != 0));
}

int main(void) {
  const isnkit_nvm_driver *driver = &stm32f4_flash_driver;
  isnkit_nvm_geometry geometry;
  uint8_t data[16], back[16];
  memset(cells, 0, sizeof cells);
  say("open", driver->open(NULL, &geometry));
  for (unsigned sector = 0; sector < geometry.sectors; sector++) {
    say("erase", driver->erase(NULL, sector));
  }
  printf("blank %u untouched %u flushes %u\n", cells[0x4000] == 0xff && cells[0xffff] == 0xff,
         cells[0x3fff] == 0, cache_flushes);
  for (unsigned i = 0; i < sizeof data; i++) data[i] = (uint8_t)(0xa0 + i);
  say("program", driver->program(NULL, 16384, data, sizeof data));
  say("read", driver->read(NULL, 16384, back, sizeof back));
  printf("same %u place %u\n", memcmp(data, back, sizeof data) == 0, cells[0x8000] == 0xa0);
  say("unaligned", driver->program(NULL, 2, data, 4));
  say("partial", driver->program(NULL, 0, data, 6));
  say("behind", driver->program(NULL, 3 * 16384, data, 4));
  say("erase behind", driver->erase(NULL, 3));
  protected_sectors = true;
  say("protected", driver->program(NULL, 0, data, 4));
  say("protected erase", driver->erase(NULL, 0));
  protected_sectors = false;
  say("after errors", driver->program(NULL, 0, data, 4));
  stuck_busy = true;
  say("stuck", driver->program(NULL, 8, data, 4));
  stuck_busy = false;
  locked_for_good = true;
  say("no key", driver->program(NULL, 8, data, 4));
  return 0;
}
