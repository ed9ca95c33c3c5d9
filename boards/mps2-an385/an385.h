/**
 * Registers of the MPS2 with the FPGA image AN385 that this board uses: those of the Cortex-M System
 * Design Kit (ARM DDI 0479). Sections are those of that manual.
 */
#ifndef AN385_H
#define AN385_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define SYSTEM_CLOCK_HZ 25000000u

// APB UART, §4.3.
#define UART0_DATA REGISTER(0x40004000)
#define UART0_STATE REGISTER(0x40004004)
#define UART0_CTRL REGISTER(0x40004008)
#define UART0_INTCLEAR REGISTER(0x4000400C)
#define UART0_BAUDDIV REGISTER(0x40004010)
#define UART_STATE_TX_FULL (1u << 0)
#define UART_STATE_RX_FULL (1u << 1)
#define UART_CTRL_TX (1u << 0)
#define UART_CTRL_RX (1u << 1)
#define UART_CTRL_RX_INTERRUPT (1u << 3)
#define UART_INT_RX (1u << 1)
#define UART0_RX_IRQ 0u

// APB watchdog, §4.8: interrupts (as NMI) when it reaches 0, resets when it does so once more.
#define WDOG_LOAD REGISTER(0x40008000)
#define WDOG_CONTROL REGISTER(0x40008008)
#define WDOG_INTCLR REGISTER(0x4000800C)
#define WDOG_LOCK REGISTER(0x40008C00)
#define WDOG_CONTROL_ON 3u
#define WDOG_UNLOCK 0x1ACCE551u

#define NVIC_ISER0 REGISTER(0xE000E100)

/** PSRAM of the real board; in QEMU a file, so it stands for a memory that keeps its content (MRAM). */
#define MRAM_ADDRESS 0x21000000u

#endif
