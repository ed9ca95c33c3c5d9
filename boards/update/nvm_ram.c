#include "nvm_ram.h"

#include <string.h>

#define OUT_OF_RANGE 1u

static bool inside(const nvm_ram *ram, uint32_t offset, uint32_t bytes) {
  return offset <= ram->bytes && bytes <= ram->bytes - offset;
}

static uint32_t open(void *device, isnkit_nvm_geometry *geometry) {
  *geometry = ((const nvm_ram *)device)->geometry;
  return 0;
}

static uint32_t read(void *device, uint32_t offset, uint8_t *to, uint32_t bytes) {
  const nvm_ram *ram = device;
  if (!inside(ram, offset, bytes)) return OUT_OF_RANGE;
  memcpy(to, ram->cells + offset, bytes);
  return 0;
}

static uint32_t program(void *device, uint32_t offset, const uint8_t *from, uint32_t bytes) {
  const nvm_ram *ram = device;
  if (!inside(ram, offset, bytes)) return OUT_OF_RANGE;
  const bool flash = ram->geometry.kind == ISNKIT_NVM_NOR;
  for (uint32_t i = 0; i < bytes; i++) {
    uint8_t *cell = ram->cells + offset + i;
    *cell = flash ? *cell & from[i] : from[i];
  }
  return 0;
}

static uint32_t erase(void *device, uint32_t sector) {
  const nvm_ram *ram = device;
  if (sector >= ram->geometry.sectors) return OUT_OF_RANGE;
  memset(ram->cells + sector * ram->geometry.sector_bytes, 0xFF, ram->geometry.sector_bytes);
  return 0;
}

static void close(void *device) { (void)device; }

const isnkit_nvm_driver nvm_ram_driver = {open, read, program, erase, close};

bool nvm_ram_blank(nvm_ram *ram, const isnkit_nvm_geometry *geometry, uint8_t *cells,
                   uint32_t room) {
  if (geometry->kind == ISNKIT_NVM_KEY_VALUE || geometry->sectors == 0) return false;
  if (geometry->sector_bytes > room / geometry->sectors) return false;
  *ram = (nvm_ram){*geometry, cells, geometry->sector_bytes * geometry->sectors};
  memset(cells, 0xFF, ram->bytes);
  return true;
}

bool nvm_ram_copy(nvm_ram *ram, const isnkit_nvm *from, uint8_t *cells, uint32_t room) {
  isnkit_nvm_geometry geometry = {0};
  if (from->driver->open(from->device, &geometry) != 0) return false;
  if (!nvm_ram_blank(ram, &geometry, cells, room)) return false;
  return from->driver->read(from->device, 0, cells, ram->bytes) == 0;
}
