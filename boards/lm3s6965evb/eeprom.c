#include "eeprom.h"

#include <stdbool.h>
#include <stddef.h>

#include "lm3s6965.h"

// 24C64 data sheet: size, page, device address; write cycle at most 10 ms.
#define PART_BYTES 8192u
#define PAGE_BYTES 32u
#define PART_ADDRESS 0x50u
/** At 100 kHz one address byte takes 90 µs, so this is at least 18 ms of asking. */
#define BUSY_POLLS 200u
/** Loops that one byte on the bus may take: 100 µs at 12.5 MHz is some 300. */
#define BUS_LOOPS 20000u

#define SECTORS 4u

/** Runs one step of the master and waits for it. */
static uint32_t step(uint32_t control) {
  I2C0_MCS = control;
  for (uint32_t i = 0; i < BUS_LOOPS; i++) {
    const uint32_t status = I2C0_MCS;
    if (status & I2C_MCS_BUSY) continue;
    if ((status & I2C_MCS_ERROR) == 0) return 0;
    return status & I2C_MCS_DATA_REFUSED ? EEPROM_REFUSED : EEPROM_NO_ANSWER;
  }
  return EEPROM_BUS;
}

/** After a refused byte the bus has to be let go; the answer does not matter. */
static uint32_t abandon(uint32_t code) {
  if (code != EEPROM_BUS) I2C0_MCS = I2C_MCS_STOP;
  return code;
}

/** Opens a write at a cell: START, device address, two address bytes. */
static uint32_t open_write(uint32_t offset, bool stop) {
  I2C0_MSA = PART_ADDRESS << 1;
  I2C0_MDR = offset >> 8;
  uint32_t code = step(I2C_MCS_START | I2C_MCS_RUN);
  if (code != 0) return abandon(code);
  I2C0_MDR = offset & 0xff;
  code = step(I2C_MCS_RUN | (stop ? I2C_MCS_STOP : 0));
  return code == 0 ? 0 : abandon(code);
}

/** The part does not answer while it writes its cells (data sheet, acknowledge polling). */
static uint32_t wait_until_written(uint32_t offset) {
  for (uint32_t i = 0; i < BUSY_POLLS; i++) {
    const uint32_t code = open_write(offset, true);
    if (code != EEPROM_NO_ANSWER) return code;
  }
  return EEPROM_BUSY;
}

static bool in_part(uint32_t offset, uint32_t bytes) {
  return offset <= PART_BYTES && bytes <= PART_BYTES - offset;
}

static uint32_t eeprom_open(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  geometry->kind = ISNKIT_NVM_EEPROM;
  geometry->sector_bytes = PART_BYTES / SECTORS;
  geometry->sectors = SECTORS;
  geometry->granule = PAGE_BYTES;
  SYSCTL_RCGC1 |= RCGC1_I2C0;
  SYSCTL_RCGC2 |= RCGC2_GPIOB;
  // A clock needs three cycles before its peripheral answers; two reads take longer.
  (void)SYSCTL_RCGC2;
  (void)SYSCTL_RCGC2;
  GPIOB_AFSEL |= 0x0c;
  GPIOB_ODR |= 0x0c;
  GPIOB_DEN |= 0x0c;
  I2C0_MCR = I2C_MCR_MASTER;
  // Data sheet §16.3: TPR = clock / (2 × (6 + 4) × 100 kHz) − 1.
  I2C0_MTPR = SYSTEM_CLOCK_HZ / (20u * 100000u) - 1u;
  return open_write(0, true);
}

static uint32_t eeprom_read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  (void)device;
  if (!in_part(offset, bytes)) return EEPROM_RANGE;
  if (bytes == 0) return 0;
  uint32_t code = open_write(offset, true);
  if (code != 0) return code;
  I2C0_MSA = PART_ADDRESS << 1 | 1;
  for (uint32_t i = 0; i < bytes; i++) {
    uint32_t control = I2C_MCS_RUN;
    if (i == 0) control |= I2C_MCS_START;
    control |= i + 1 == bytes ? I2C_MCS_STOP : I2C_MCS_ACK;
    code = step(control);
    if (code != 0) return abandon(code);
    to[i] = (uint8_t)I2C0_MDR;
  }
  return 0;
}

/** One page, or a part of it: a write that crosses a page boundary would wrap inside the page. */
static uint32_t write_page(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  uint32_t code = open_write(offset, false);
  for (uint32_t i = 0; code == 0 && i < bytes; i++) {
    I2C0_MDR = from[i];
    code = step(I2C_MCS_RUN | (i + 1 == bytes ? I2C_MCS_STOP : 0));
    if (code != 0) return abandon(code);
  }
  return code == 0 ? wait_until_written(offset) : code;
}

static uint32_t eeprom_program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  (void)device;
  if (!in_part(offset, bytes)) return EEPROM_RANGE;
  while (bytes > 0) {
    const uint32_t room = PAGE_BYTES - offset % PAGE_BYTES;
    const uint32_t part = bytes < room ? bytes : room;
    const uint32_t code = write_page(offset, from, part);
    if (code != 0) return code;
    offset += part;
    from += part;
    bytes -= part;
  }
  return 0;
}

static uint32_t eeprom_erase(void *device, uint32_t sector) {
  // An EEPROM has no erase; the module programs 0xFF instead.
  (void)device;
  (void)sector;
  return EEPROM_RANGE;
}

static void eeprom_close(void *device) { (void)device; }

const isnkit_nvm_driver eeprom_driver = {eeprom_open, eeprom_read, eeprom_program, eeprom_erase,
                                         eeprom_close};
