/** Registers of the STM32F405 that this board uses. Sections are those of RM0090. */
#ifndef STM32F4_H
#define STM32F4_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/** HSI 16 MHz through the PLL: 16 / 16 × 336 / 2 (§7.2). */
#define SYSTEM_CLOCK_HZ 168000000u
#define APB2_CLOCK_HZ (SYSTEM_CLOCK_HZ / 2u)

// Reset and clock control, §7.3.
#define RCC_CR REGISTER(0x40023800)
#define RCC_PLLCFGR REGISTER(0x40023804)
#define RCC_CFGR REGISTER(0x40023808)
#define RCC_AHB1ENR REGISTER(0x40023830)
#define RCC_APB2ENR REGISTER(0x40023844)
#define RCC_CSR REGISTER(0x40023874)
#define RCC_CR_PLL_ON (1u << 24)
#define RCC_CR_PLL_READY (1u << 25)
#define RCC_PLL_M16_N336_P2 (16u | 336u << 6 | 0u << 16 | 7u << 24)
/** APB1 by 4, APB2 by 2, system clock from the PLL. */
#define RCC_CFGR_168MHZ (5u << 10 | 4u << 13 | 2u)
#define RCC_CFGR_ON_PLL (2u << 2)
#define RCC_AHB1_GPIOA (1u << 0)
#define RCC_APB2_USART1 (1u << 4)
// §7.3.21: causes of the last reset.
#define RCC_CSR_CLEAR (1u << 24)
#define RCC_CSR_POWER_ON (1u << 27)
#define RCC_CSR_SOFTWARE (1u << 28)
#define RCC_CSR_WATCHDOG (3u << 29)

// Flash access, §3.9.1.
#define FLASH_ACR REGISTER(0x40023C00)
/** Five wait states at 168 MHz and 2.7 to 3.6 V (§3.5.1), both caches on. */
#define FLASH_ACR_168MHZ (5u | 1u << 9 | 1u << 10)

// GPIO port A, §8.4: pins 9 and 10 as alternate function 7.
#define GPIOA_MODER REGISTER(0x40020000)
#define GPIOA_AFRH REGISTER(0x40020024)

// USART1, §30.6.
#define USART1_SR REGISTER(0x40011000)
#define USART1_DR REGISTER(0x40011004)
#define USART1_BRR REGISTER(0x40011008)
#define USART1_CR1 REGISTER(0x4001100C)
#define USART_SR_RECEIVED (1u << 5)
#define USART_SR_SEND_EMPTY (1u << 7)
/** On, receive interrupt, transmitter, receiver. */
#define USART_CR1_ON (1u << 13 | 1u << 5 | 1u << 3 | 1u << 2)
#define USART1_IRQ 37u

// Cortex-M4 system peripherals.
#define NVIC_ISER1 REGISTER(0xE000E104)

#endif
