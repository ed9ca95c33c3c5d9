/** Registers of the RP2040 that this board uses. Sections are those of its data sheet. */
#ifndef RP2040_H
#define RP2040_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
/** §2.1.2: writing here clears the bits that are set in the value. */
#define CLEAR_BITS(address) REGISTER((address) + 0x3000)

/** The board's crystal; the system clock runs from it directly. */
#define CRYSTAL_HZ 12000000u

// Clocks, §2.15.7.
#define CLOCKS_REF_CTRL REGISTER(0x40008030)
#define CLOCKS_SYS_CTRL REGISTER(0x4000803C)
#define CLOCKS_PERI_CTRL REGISTER(0x40008048)
#define REF_FROM_XOSC 2u
#define SYS_FROM_REF 0u
#define PERI_ENABLE (1u << 11)

// Resets, §2.14.3.
#define RESETS_BASE 0x4000C000u
#define RESETS_DONE REGISTER(0x4000C008)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_TIMER (1u << 21)
#define RESET_UART0 (1u << 22)

// Crystal oscillator, §2.16.7.
#define XOSC_CTRL REGISTER(0x40024000)
#define XOSC_STATUS REGISTER(0x40024004)
#define XOSC_STARTUP REGISTER(0x4002400C)
#define XOSC_1_15MHZ_ENABLE 0xFABAA0u
#define XOSC_STABLE (1u << 31)

// Pins, §2.19.6: GPIO0 and GPIO1 as UART0.
#define IO_GPIO0_CTRL REGISTER(0x40014004)
#define IO_GPIO1_CTRL REGISTER(0x4001400C)
#define FUNCTION_UART 2u

// UART0, §4.2.8.
#define UART0_DR REGISTER(0x40034000)
#define UART0_FR REGISTER(0x40034018)
#define UART0_IBRD REGISTER(0x40034024)
#define UART0_FBRD REGISTER(0x40034028)
#define UART0_LCRH REGISTER(0x4003402C)
#define UART0_CR REGISTER(0x40034030)
#define UART0_IMSC REGISTER(0x40034038)
#define UART0_ICR REGISTER(0x40034044)
#define UART_FR_RX_EMPTY (1u << 4)
#define UART_FR_TX_FULL (1u << 5)
#define UART_LCRH_8N1_FIFO 0x70u
#define UART_CR_ENABLE 0x301u
#define UART_INT_RX (1u << 4)
#define UART_INT_RX_TIMEOUT (1u << 6)
#define UART0_IRQ 20u

// Timer, §4.6.5: microseconds. Watchdog, §4.7.6: makes the timer's tick, and resets the chip.
#define TIMER_RAWL REGISTER(0x40054028)
#define WATCHDOG_CTRL REGISTER(0x40058000)
#define WATCHDOG_REASON REGISTER(0x40058008)
#define WATCHDOG_TRIGGER (1u << 31)
#define WATCHDOG_FORCED (1u << 1)
#define WATCHDOG_TICK REGISTER(0x4005802C)
#define TICK_ENABLE (1u << 9)

// Power-on state machine, §2.13.5: what a watchdog reset takes along; bits 0 and 1 are the oscillators.
#define PSM_WDSEL REGISTER(0x40010008)
#define PSM_ALL_BUT_OSCILLATORS 0x1FFFCu

// SSI, §4.10.13: reads the flash. boot2.S sets it up, and says why.
#define SSI_SSIENR REGISTER(0x18000008)
#define SSI_BAUDR REGISTER(0x18000014)
#define SSI_DIVIDER 2u

// Chip-level reset, §2.12.8.
#define CHIP_RESET REGISTER(0x40064008)
#define CHIP_RESET_HAD_POWER_ON (1u << 8)

// Cortex-M0+ system peripherals, §2.4.8.
#define NVIC_ISER REGISTER(0xE000E100)

#endif
