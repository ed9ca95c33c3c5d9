/**
 * Functions of the RP2040's boot ROM (data sheet §2.8.3), found by their two-letter codes: their addresses
 * differ between revisions of the chip.
 */
#ifndef RPI_PICO_BOOTROM_H
#define RPI_PICO_BOOTROM_H

#include <stdint.h>

#define BOOTROM_CODE(first, second) ((uint32_t)(first) | (uint32_t)(second) << 8)

/** §2.8.3.1.3: the flash functions. While XIP is off nothing of the flash is in the memory map. */
typedef struct bootrom_flash {
  /** IF: gives the flash's pins to the SSI. */
  void (*connect)(void);
  /** EX: leaves XIP, so that commands reach the part. */
  void (*exit_xip)(void);
  /** RE: erases from an offset on; whole blocks by the command for blocks, the rest by sectors of 4 KiB. */
  void (*range_erase)(uint32_t offset, uint32_t bytes, uint32_t block_bytes, uint8_t block_command);
  /** RP: programs whole pages of 256 bytes. */
  void (*range_program)(uint32_t offset, const uint8_t *from, uint32_t bytes);
  /** FC: forgets what the XIP cache holds. */
  void (*flush_cache)(void);
  /** CX: back to XIP, by serial reads with command 03h, as boot2.S sets it up. */
  void (*enter_xip)(void);
} bootrom_flash;

/** Looks the functions up. False when the ROM does not have them all: then none may be called. */
_Bool bootrom_find_flash(bootrom_flash *functions);

#endif
