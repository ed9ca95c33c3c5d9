#include "cortex_m.h"

#include <stddef.h>
#include <stdint.h>

#include "board.h"

/** Application Interrupt and Reset Control Register, its key and SYSRESETREQ. */
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define AIRCR_RESET 0x05FA0004u

// A word that the start-up leaves alone: it survives a reset and no power cut.

#define LIFE_RUNS 0x6C696665u
#define LIFE_RESETS 0x72737421u
static volatile uint32_t life __attribute__((section(".noinit")));

const char *cortex_m_remembered_cause(void) {
  static const char *cause;
  if (cause == NULL) {
    const uint32_t before = life;
    life = LIFE_RUNS;
    if (before == LIFE_RESETS) cause = "reset";
    else cause = before == LIFE_RUNS ? "external" : "power-on";
  }
  return cause;
}

void cortex_m_reset(void) {
  life = LIFE_RESETS;
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
