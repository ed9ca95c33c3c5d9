#include "board.h"

#include <stddef.h>

#include "console_buffer.h"
#include "flash.h"
#include "interrupts.h"
#include "rp2040.h"

const char board_name[] = "rpi-pico";
const uint32_t board_ticks_hz = 1000000u;
/** No source that has been judged: the key comes from the production line. */
uint32_t (*const board_entropy)(void *context, uint8_t *to, uint32_t bytes) = NULL;
const isnkit_nvm board_nvm = {&flash_driver, NULL};

#define BAUD 115200u
#define START_LOOPS 100000u
#define USED_BLOCKS (RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_TIMER | RESET_UART0)

void uart0_handler(void) {
  UART0_ICR = UART_INT_RX | UART_INT_RX_TIMEOUT;
  while ((UART0_FR & UART_FR_RX_EMPTY) == 0) console_buffer_put((uint8_t)UART0_DR);
}

/** Everything from the crystal: 12 MHz, and a tick of 1 µs for the timer (§2.15.2, §4.7.2). */
static void start_clock(void) {
  XOSC_STARTUP = 47;
  XOSC_CTRL = XOSC_1_15MHZ_ENABLE;
  for (uint32_t i = 0; i < START_LOOPS && (XOSC_STATUS & XOSC_STABLE) == 0; i++) {
  }
  CLOCKS_REF_CTRL = REF_FROM_XOSC;
  CLOCKS_SYS_CTRL = SYS_FROM_REF;
  CLOCKS_PERI_CTRL = PERI_ENABLE;
  WATCHDOG_TICK = TICK_ENABLE | CRYSTAL_HZ / 1000000u;
}

static void start_console(void) {
  IO_GPIO0_CTRL = FUNCTION_UART;
  IO_GPIO1_CTRL = FUNCTION_UART;
  // §4.2.3.2: divisor = clock / (16 × baud), six bits of fraction.
  const uint32_t divisor = (CRYSTAL_HZ * 4u + BAUD / 2) / BAUD;
  UART0_IBRD = divisor >> 6;
  UART0_FBRD = divisor & 63;
  UART0_LCRH = UART_LCRH_8N1_FIFO;
  UART0_CR = UART_CR_ENABLE;
  UART0_IMSC = UART_INT_RX | UART_INT_RX_TIMEOUT;
  NVIC_ISER = 1u << UART0_IRQ;
}

void board_init(void) {
  CLEAR_BITS(RESETS_BASE) = USED_BLOCKS;
  for (uint32_t i = 0; i < START_LOOPS && (RESETS_DONE & USED_BLOCKS) != USED_BLOCKS; i++) {
  }
  start_clock();
  start_console();
}

void board_console_put(uint8_t byte) {
  while (UART0_FR & UART_FR_TX_FULL) {
  }
  UART0_DR = byte;
}

uint32_t board_ticks(void *context) {
  (void)context;
  return TIMER_RAWL;
}

const char *board_reset_cause(void) {
  if (WATCHDOG_REASON & WATCHDOG_FORCED) return "reset";
  if (WATCHDOG_REASON != 0) return "watchdog";
  return CHIP_RESET & CHIP_RESET_HAD_POWER_ON ? "power-on" : "external";
}

/** §2.12.7: by the watchdog, at once, everything but the oscillators; RAM keeps what it holds. */
void board_reset(void) {
  PSM_WDSEL = PSM_ALL_BUT_OSCILLATORS;
  WATCHDOG_CTRL = WATCHDOG_TRIGGER;
  for (;;) {
  }
}
