#include "cortex_m.h"

#include <stdint.h>

#include "board.h"

/** Application Interrupt and Reset Control Register, its key and SYSRESETREQ. */
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define AIRCR_RESET 0x05FA0004u

void cortex_m_reset(void) {
  SCB_AIRCR = AIRCR_RESET;
  for (;;) {
  }
}

static void (*handler_work)(void);

void svcall_handler(void) { handler_work(); }

void board_run_in_handler(void (*work)(void)) {
  handler_work = work;
  __asm__ volatile("svc 0" ::: "memory");
}
