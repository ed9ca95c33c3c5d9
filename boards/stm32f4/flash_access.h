/** How flash.c reaches the controller: directly on the chip, through a model in its host test. */
#ifndef STM32F4_FLASH_ACCESS_H
#define STM32F4_FLASH_ACCESS_H

#include <stdint.h>

#ifdef STM32F4_FLASH_MODEL
uint32_t flash_register(uint32_t address);
void flash_set_register(uint32_t address, uint32_t value);
uint8_t flash_byte(uint32_t address);
void flash_set_word(uint32_t address, uint32_t value);
#else
static inline uint32_t flash_register(uint32_t address) {
  return *(volatile uint32_t *)address;
}
static inline void flash_set_register(uint32_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}
static inline uint8_t flash_byte(uint32_t address) { return *(volatile uint8_t *)address; }
static inline void flash_set_word(uint32_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
  // §3.6.3: the write has to reach the controller before its status is read.
  __asm__ volatile("dsb" ::: "memory");
}
#endif

#endif
