#include "systick_counter.h"

#include "cortex_m.h"

/** On, with its interrupt, from the core's clock. */
#define SYSTICK_ON 7u

volatile uint32_t systick_wraps;

void systick_handler(void) { systick_wraps++; }

void systick_start(void) {
  SYSTICK_LOAD = SYSTICK_MASK;
  SYSTICK_VAL = 0;
  SYSTICK_CTRL = SYSTICK_ON;
}
