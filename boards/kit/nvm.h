/**
 * Non-volatile memory as the kit sees it: a driver is five functions over one device. The journal
 * inside the module decides what is written where; a driver only moves bytes, and must not say that
 * they are durable before they are.
 *
 * All functions return 0, or an error code other than 0 that means something to the driver (it is
 * shown to people, never interpreted). A call that cannot finish must give up after a bounded time.
 */
#ifndef ISNKIT_NVM_H
#define ISNKIT_NVM_H

#include <stdint.h>

/** What the journal lies on; the numbers are those of the module's ABI (docs/abi.md). */
typedef enum isnkit_nvm_kind {
  ISNKIT_NVM_NOR = 0,
  ISNKIT_NVM_EEPROM = 1,
  ISNKIT_NVM_KEY_VALUE = 2,
} isnkit_nvm_kind;

/** All sizes in bytes. For a key-value store only `kind` counts. */
typedef struct isnkit_nvm_geometry {
  isnkit_nvm_kind kind;
  /** Size of a sector: what one `erase` clears. On EEPROM: any multiple of the granule. */
  uint32_t sector_bytes;
  /** 2 to 32 sectors. */
  uint32_t sectors;
  /** Smallest unit that is programmed at once: a power of two, 1 to 256. On EEPROM: the page. */
  uint32_t granule;
} isnkit_nvm_geometry;

typedef struct isnkit_nvm_driver {
  /** Makes the device ready and tells its geometry (also when it returns an error). */
  uint32_t (*open)(void *device, isnkit_nvm_geometry *geometry);
  /** Reads `bytes` bytes at `offset` (from the start of the journal) to `to`. */
  uint32_t (*read)(void *device, uint32_t offset, uint8_t *to, uint32_t bytes);
  /** Programs whole granules, and returns when they are durable. */
  uint32_t (*program)(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes);
  /** Erases a sector to 0xFF, and returns when that is durable. Never called on EEPROM. */
  uint32_t (*erase)(void *device, uint32_t sector);
  /** Locks the device again (a flash controller, say). Nothing is called after it but `open`. */
  void (*close)(void *device);
} isnkit_nvm_driver;

/** A driver with its device. */
typedef struct isnkit_nvm {
  const isnkit_nvm_driver *driver;
  void *device;
} isnkit_nvm;

#endif
