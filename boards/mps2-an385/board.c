#include "board.h"

#include <stdbool.h>
#include <stddef.h>

#include "an385.h"
#include "board_slots.h"
#include "console_buffer.h"
#include "cortex_m.h"
#include "interrupts.h"
#include "mram.h"
#include "systick_counter.h"

/** The counter is the core's clock divided by 16: it wraps after 46 minutes. */
#define COUNTER_SHIFT 4u

const char board_name[] = "mps2-an385";
const uint32_t board_ticks_hz = SYSTEM_CLOCK_HZ >> COUNTER_SHIFT;
/** The FPGA image has no noise source: the key comes from the production line. */
uint32_t (*const board_entropy)(void *context, uint8_t *to, uint32_t bytes) = NULL;
const isnkit_nvm board_nvm = {&mram_journal_driver, NULL};

#define BAUD 115200u

/** Left by the last moments of a run that the watchdog or a fault ended. */
enum { ENDED_BY_WATCHDOG = 0x57444F47, ENDED_BY_FAULT = 0x46415554 };
static uint32_t ended_by __attribute__((section(".noinit")));

void uart0_receive_handler(void) {
  UART0_INTCLEAR = UART_INT_RX;
  while (UART0_STATE & UART_STATE_RX_FULL) console_buffer_put((uint8_t)UART0_DATA);
}

void board_init(void) {
  systick_start();
  UART0_BAUDDIV = SYSTEM_CLOCK_HZ / BAUD;
  UART0_CTRL = UART_CTRL_TX | UART_CTRL_RX | UART_CTRL_RX_INTERRUPT;
  NVIC_ISER0 = 1u << UART0_RX_IRQ;
}

void board_console_put(uint8_t byte) {
  while (UART0_STATE & UART_STATE_TX_FULL) {
  }
  UART0_DATA = byte;
}

uint32_t board_ticks(void *context) {
  (void)context;
  return systick_ticks(COUNTER_SHIFT);
}

const char *board_reset_cause(void) {
  static const char *cause;
  if (cause == NULL) {
    cause = cortex_m_remembered_cause();
    if (ended_by == ENDED_BY_WATCHDOG) cause = "watchdog";
    else if (ended_by == ENDED_BY_FAULT) cause = "fault";
    ended_by = 0;
  }
  return cause;
}

// ARMv7-M ARM B1.5.2: exception numbers in IPSR. The watchdog's first interrupt is the NMI.
#define EXCEPTION_NMI 2u
#define EXCEPTION_USAGE_FAULT 6u

void board_reset(void) {
  uint32_t exception;
  __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
  if (exception == EXCEPTION_NMI) ended_by = ENDED_BY_WATCHDOG;
  else if (exception > EXCEPTION_NMI && exception <= EXCEPTION_USAGE_FAULT) ended_by = ENDED_BY_FAULT;
  cortex_m_reset();
}

void board_watchdog_start(uint32_t ms) {
  WDOG_LOCK = WDOG_UNLOCK;
  WDOG_LOAD = SYSTEM_CLOCK_HZ / 1000u * ms;
  WDOG_CONTROL = WDOG_CONTROL_ON;
}

void board_watchdog_feed(void) { WDOG_INTCLR = 1; }
