/**
 * A free-running counter out of SysTick (ARMv7-M ARM B3.3): the timer counts 24 bits down, its interrupt
 * at each wrap counts the rest.
 */
#ifndef SYSTICK_COUNTER_H
#define SYSTICK_COUNTER_H

#include <stdint.h>

#define SYSTICK_CTRL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_LOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VAL (*(volatile uint32_t *)0xE000E018u)
#define SCB_ICSR (*(volatile uint32_t *)0xE000ED04u)
#define ICSR_SYSTICK_PENDING (1u << 26)
#define SYSTICK_MASK 0xFFFFFFu

extern volatile uint32_t systick_wraps;

/** Counts the core's clock from now on. */
void systick_start(void);

/** `value` of the timer after `periods` wraps. The interrupt comes at 0, which begins the new period. */
static inline uint32_t systick_at(uint32_t periods, uint32_t value, unsigned shift) {
  return periods << (24 - shift) | ((0u - value) & SYSTICK_MASK) >> shift;
}

/** The counter, divided by 2^shift: all 32 bits are in use. Inline, as every ISN asks for it. */
static inline uint32_t systick_ticks(unsigned shift) {
  for (;;) {
    const uint32_t before = systick_wraps;
    const uint32_t value = SYSTICK_VAL;
    // The interrupt may be masked by the caller: a wrap that waits is counted here.
    const uint32_t waiting = SCB_ICSR & ICSR_SYSTICK_PENDING;
    if (before != systick_wraps) continue;
    // Read again when the wrap fell between the two registers.
    if (waiting != 0) return systick_at(before + 1, SYSTICK_VAL, shift);
    return systick_at(before, value, shift);
  }
}

#endif
