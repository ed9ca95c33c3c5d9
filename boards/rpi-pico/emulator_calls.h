/**
 * Services of the emulator (host/boards/rp2040-board.ts), asked for by a breakpoint with a number:
 * rp2040js neither programs its flash nor resets its core. They mean nothing on the real chip, where a
 * breakpoint without a debugger is a fault.
 */
#ifndef RPI_PICO_EMULATOR_CALLS_H
#define RPI_PICO_EMULATOR_CALLS_H

#include <stdint.h>

/** r0: offset in flash, r1: source, r2: bytes. Bits go from 1 to 0 only. Returns 0 or an error. */
#define EMULATOR_PROGRAM 0x49
/** r0: offset in flash, r1: bytes. Returns 0 or an error. */
#define EMULATOR_ERASE 0x4A
/** Does not return. */
#define EMULATOR_RESET 0x4B

static inline uint32_t emulator_program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  register uint32_t r0 __asm__("r0") = offset;
  register const uint8_t *r1 __asm__("r1") = from;
  register uint32_t r2 __asm__("r2") = bytes;
  __asm__ volatile("bkpt 0x49" : "+r"(r0) : "r"(r1), "r"(r2) : "memory");
  return r0;
}

static inline uint32_t emulator_erase(uint32_t offset, uint32_t bytes) {
  register uint32_t r0 __asm__("r0") = offset;
  register uint32_t r1 __asm__("r1") = bytes;
  __asm__ volatile("bkpt 0x4a" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static inline void emulator_reset(void) { __asm__ volatile("bkpt 0x4b"); }

#endif
