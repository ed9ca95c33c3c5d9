#include "board.h"

#include <stddef.h>

#include "console_buffer.h"
#include "cortex_m.h"
#include "eeprom.h"
#include "interrupts.h"
#include "lm3s6965.h"
#include "systick_counter.h"

const char board_name[] = "lm3s6965evb";
const uint32_t board_ticks_hz = SYSTEM_CLOCK_HZ;
/** The chip has no noise source: its key comes from the production line. */
uint32_t (*const board_entropy)(void *context, uint8_t *to, uint32_t bytes) = NULL;
const isnkit_nvm board_nvm = {&eeprom_driver, NULL};

#define BAUD 115200u
#define PLL_LOCK_LOOPS 100000u

void uart0_handler(void) {
  UART0_ICR = UART_INT_RX | UART_INT_RX_TIMEOUT;
  while ((UART0_FR & UART_FR_RX_EMPTY) == 0) console_buffer_put((uint8_t)UART0_DR);
}

/** §5.4: PLL from the 8 MHz crystal; give up waiting for the lock rather than hang. */
static void start_clock(void) {
  uint32_t rcc = SYSCTL_RCC;
  rcc |= RCC_BYPASS;
  rcc &= ~RCC_USE_SYSDIV;
  SYSCTL_RCC = rcc;
  rcc &= ~(RCC_XTAL_MASK | RCC_OSCSRC_MASK | RCC_PLL_OFF | RCC_MOSC_DISABLED | RCC_SYSDIV_MASK);
  rcc |= RCC_XTAL_8MHZ | RCC_SYSDIV(SYSTEM_CLOCK_DIVISOR - 1u) | RCC_USE_SYSDIV;
  SYSCTL_RCC = rcc;
  for (uint32_t i = 0; i < PLL_LOCK_LOOPS && (SYSCTL_RIS & RIS_PLL_LOCKED) == 0; i++) {
  }
  SYSCTL_RCC = rcc & ~RCC_BYPASS;
}

static void start_console(void) {
  SYSCTL_RCGC1 |= RCGC1_UART0;
  SYSCTL_RCGC2 |= RCGC2_GPIOA;
  (void)SYSCTL_RCGC2;
  (void)SYSCTL_RCGC2;
  GPIOA_AFSEL |= 3;
  GPIOA_DEN |= 3;
  UART0_CTL = 0;
  // §13.3.2: divisor = clock / (16 × baud), six bits of fraction.
  const uint32_t divisor = (SYSTEM_CLOCK_HZ * 4u + BAUD / 2) / BAUD;
  UART0_IBRD = divisor >> 6;
  UART0_FBRD = divisor & 63;
  UART0_LCRH = UART_LCRH_8N1_FIFO;
  UART0_IM = UART_INT_RX | UART_INT_RX_TIMEOUT;
  UART0_CTL = UART_CTL_ENABLE;
  NVIC_ISER0 = 1u << UART0_IRQ;
}

void board_init(void) {
  start_clock();
  systick_start();
  start_console();
}

void board_console_put(uint8_t byte) {
  while (UART0_FR & UART_FR_TX_FULL) {
  }
  UART0_DR = byte;
}

uint32_t board_ticks(void *context) {
  (void)context;
  return systick_ticks(0);
}

const char *board_reset_cause(void) {
  static const char *cause;
  if (cause == NULL) {
    // Asked for at each start, so that the next one can tell.
    const char *remembered = cortex_m_remembered_cause();
    const uint32_t flags = SYSCTL_RESC;
    SYSCTL_RESC = 0;
    if (flags & RESC_POWER_ON) cause = "power-on";
    else if (flags & RESC_BROWN_OUT) cause = "brown-out";
    else if (flags & RESC_WATCHDOG) cause = "watchdog";
    else if (flags & RESC_SOFTWARE) cause = "reset";
    // QEMU models no cause: the flags stay 0 there.
    else cause = flags == 0 ? remembered : "external";
  }
  return cause;
}

void board_reset(void) { cortex_m_reset(); }
