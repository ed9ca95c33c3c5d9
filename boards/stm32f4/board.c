#include "board.h"

#include <stddef.h>

#include "console_buffer.h"
#include "cortex_m.h"
#include "flash.h"
#include "interrupts.h"
#include "ram_journal.h"
#include "stm32f4.h"
#include "systick_counter.h"

const char board_name[] = "stm32f4";
#define TICKS_SHIFT 4u
/** SysTick by 16, so that 32 bits last seven minutes. */
const uint32_t board_ticks_hz = SYSTEM_CLOCK_HZ >> TICKS_SHIFT;
/** The chip has a noise source (§24); its samples are not judged yet, so the key comes from outside. */
uint32_t (*const board_entropy)(void *context, uint8_t *to, uint32_t bytes) = NULL;
#ifdef ISNKIT_EMULATED
const isnkit_nvm board_nvm = {&ram_journal_driver, NULL};
#else
const isnkit_nvm board_nvm = {&stm32f4_flash_driver, NULL};
#endif

#define BAUD 115200u
#define START_LOOPS 100000u

void usart1_handler(void) {
  while (USART1_SR & USART_SR_RECEIVED) console_buffer_put((uint8_t)USART1_DR);
}

/** §7.2.3; waits are bounded, and QEMU, which has no clock control, runs at 168 MHz anyway. */
static void start_clock(void) {
  FLASH_ACR = FLASH_ACR_168MHZ;
  RCC_PLLCFGR = RCC_PLL_M16_N336_P2;
  RCC_CR |= RCC_CR_PLL_ON;
  for (uint32_t i = 0; i < START_LOOPS && (RCC_CR & RCC_CR_PLL_READY) == 0; i++) {
  }
  RCC_CFGR = RCC_CFGR_168MHZ;
  for (uint32_t i = 0; i < START_LOOPS && (RCC_CFGR & RCC_CFGR_ON_PLL) == 0; i++) {
  }
}

static void start_console(void) {
  RCC_AHB1ENR |= RCC_AHB1_GPIOA;
  RCC_APB2ENR |= RCC_APB2_USART1;
  (void)RCC_APB2ENR;
  GPIOA_MODER = (GPIOA_MODER & ~(15u << 18)) | 10u << 18;
  GPIOA_AFRH = (GPIOA_AFRH & ~(0xffu << 4)) | 0x77u << 4;
  // §30.3.4: the divider is in sixteenths, which is just clock / baud.
  USART1_BRR = (APB2_CLOCK_HZ + BAUD / 2) / BAUD;
  USART1_CR1 = USART_CR1_ON;
  NVIC_ISER1 = 1u << (USART1_IRQ - 32u);
}

void board_init(void) {
  start_clock();
  systick_start();
  start_console();
}

void board_console_put(uint8_t byte) {
  while ((USART1_SR & USART_SR_SEND_EMPTY) == 0) {
  }
  USART1_DR = byte;
}

uint32_t board_ticks(void *context) {
  (void)context;
  return systick_ticks(TICKS_SHIFT);
}

const char *board_reset_cause(void) {
  static const char *cause;
  if (cause == NULL) {
    // Asked for at each start, so that the next one can tell.
    const char *remembered = cortex_m_remembered_cause();
    const uint32_t flags = RCC_CSR;
    RCC_CSR = flags | RCC_CSR_CLEAR;
    if (flags & RCC_CSR_POWER_ON) cause = "power-on";
    else if (flags & RCC_CSR_WATCHDOG) cause = "watchdog";
    else if (flags & RCC_CSR_SOFTWARE) cause = "reset";
    // QEMU models no cause: the flags stay 0 there.
    else cause = flags == 0 ? remembered : "external";
  }
  return cause;
}

void board_reset(void) { cortex_m_reset(); }
