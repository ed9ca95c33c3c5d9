#include "bootrom.h"

#include <stdbool.h>

/** §2.8.3: half word pointer to the table of functions; its entries are pairs of code and address. */
#define FUNCTION_TABLE 0x14u
#define ENTRY_BYTES 4u
/** A table without an end would be searched for ever. */
#define ENTRIES_MAX 256u

static uint16_t rom_half(uint32_t address) {
  // The compiler takes an address as low as this for a null pointer.
  __asm__("" : "+r"(address));
  return *(volatile const uint16_t *)address;
}

/** 0: there is no such function. */
static uintptr_t find(uint32_t code) {
  uint32_t entry = rom_half(FUNCTION_TABLE);
  for (uint32_t i = 0; i < ENTRIES_MAX; i++, entry += ENTRY_BYTES) {
    const uint32_t found = rom_half(entry);
    if (found == 0) return 0;
    if (found == code) return rom_half(entry + 2);
  }
  return 0;
}

bool bootrom_find_flash(bootrom_flash *functions) {
  functions->connect = (void (*)(void))find(BOOTROM_CODE('I', 'F'));
  functions->exit_xip = (void (*)(void))find(BOOTROM_CODE('E', 'X'));
  functions->range_erase =
      (void (*)(uint32_t, uint32_t, uint32_t, uint8_t))find(BOOTROM_CODE('R', 'E'));
  functions->range_program =
      (void (*)(uint32_t, const uint8_t *, uint32_t))find(BOOTROM_CODE('R', 'P'));
  functions->flush_cache = (void (*)(void))find(BOOTROM_CODE('F', 'C'));
  functions->enter_xip = (void (*)(void))find(BOOTROM_CODE('C', 'X'));
  return functions->connect != 0 && functions->exit_xip != 0 && functions->range_erase != 0 &&
         functions->range_program != 0 && functions->flush_cache != 0 && functions->enter_xip != 0;
}
