/**
 * Registers of the LM3S6965 that this board uses. Sections are those of the data sheet (Texas
 * Instruments, "Stellaris LM3S6965 Microcontroller").
 */
#ifndef LM3S6965_H
#define LM3S6965_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/** 200 MHz PLL divided by 16 (see board_init): 80 ns. The bench build runs at 5 ns steps in QEMU. */
#ifdef ISNKIT_BENCH
#define SYSTEM_CLOCK_DIVISOR 1u
#else
#define SYSTEM_CLOCK_DIVISOR 16u
#endif
#define SYSTEM_CLOCK_HZ (200000000u / SYSTEM_CLOCK_DIVISOR)

// System control, §5.5.
#define SYSCTL_RIS REGISTER(0x400FE050)
#define SYSCTL_RCC REGISTER(0x400FE060)
#define SYSCTL_RESC REGISTER(0x400FE05C)
#define SYSCTL_RCGC1 REGISTER(0x400FE104)
#define SYSCTL_RCGC2 REGISTER(0x400FE108)
#define RIS_PLL_LOCKED (1u << 6)
#define RCC_MOSC_DISABLED (1u << 0)
#define RCC_OSCSRC_MASK (3u << 4)
#define RCC_XTAL_MASK (15u << 6)
/** §5.5, RCC.XTAL: the evaluation board has an 8 MHz crystal. */
#define RCC_XTAL_8MHZ (14u << 6)
#define RCC_BYPASS (1u << 11)
#define RCC_PLL_OFF (1u << 13)
#define RCC_USE_SYSDIV (1u << 22)
#define RCC_SYSDIV_MASK (15u << 23)
#define RCC_SYSDIV(n) ((uint32_t)(n) << 23)
#define RCGC1_UART0 (1u << 0)
#define RCGC1_I2C0 (1u << 12)
#define RCGC2_GPIOA (1u << 0)
#define RCGC2_GPIOB (1u << 1)
#define RCGC2_GPIOF (1u << 5)
#define RCGC2_ETHERNET ((1u << 28) | (1u << 30))
// §5.5, RESC: causes of the last resets, cleared by writing 0.
#define RESC_POWER_ON (1u << 1)
#define RESC_BROWN_OUT (1u << 2)
#define RESC_WATCHDOG (1u << 3)
#define RESC_SOFTWARE (1u << 4)

// GPIO, §9.5: alternate function, open drain, digital enable.
#define GPIOA_AFSEL REGISTER(0x40004420)
#define GPIOA_DEN REGISTER(0x4000451C)
#define GPIOB_AFSEL REGISTER(0x40005420)
#define GPIOB_ODR REGISTER(0x4000550C)
#define GPIOB_DEN REGISTER(0x4000551C)
#define GPIOF_AFSEL REGISTER(0x40025420)
#define GPIOF_DEN REGISTER(0x4002551C)

// UART0, §13.5.
#define UART0_DR REGISTER(0x4000C000)
#define UART0_FR REGISTER(0x4000C018)
#define UART0_IBRD REGISTER(0x4000C024)
#define UART0_FBRD REGISTER(0x4000C028)
#define UART0_LCRH REGISTER(0x4000C02C)
#define UART0_CTL REGISTER(0x4000C030)
#define UART0_IM REGISTER(0x4000C038)
#define UART0_ICR REGISTER(0x4000C044)
#define UART_FR_RX_EMPTY (1u << 4)
#define UART_FR_TX_FULL (1u << 5)
#define UART_LCRH_8N1_FIFO 0x70u
#define UART_CTL_ENABLE 0x301u
#define UART_INT_RX (1u << 4)
#define UART_INT_RX_TIMEOUT (1u << 6)
#define UART0_IRQ 5u

// I2C0 master, §16.5.
#define I2C0_MSA REGISTER(0x40020000)
#define I2C0_MCS REGISTER(0x40020004)
#define I2C0_MDR REGISTER(0x40020008)
#define I2C0_MTPR REGISTER(0x4002000C)
#define I2C0_MCR REGISTER(0x40020020)
#define I2C_MCS_RUN (1u << 0)
#define I2C_MCS_START (1u << 1)
#define I2C_MCS_STOP (1u << 2)
#define I2C_MCS_ACK (1u << 3)
#define I2C_MCS_BUSY (1u << 0)
#define I2C_MCS_ERROR (1u << 1)
#define I2C_MCS_DATA_REFUSED (1u << 3)
#define I2C_MCR_MASTER 0x10u

// Cortex-M3 system peripherals (ARMv7-M Architecture Reference Manual, B3).
#define NVIC_ISER0 REGISTER(0xE000E100)

#endif
