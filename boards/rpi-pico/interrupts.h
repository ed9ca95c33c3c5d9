/** Interrupts of the RP2040 (data sheet §2.3.2): UART0 is 20. */
#ifndef RPI_PICO_INTERRUPTS_H
#define RPI_PICO_INTERRUPTS_H

void uart0_handler(void);

#define BOARD_INTERRUPTS 21
#define BOARD_VECTORS [16 + 20] = uart0_handler

#endif
