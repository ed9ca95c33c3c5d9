/** Interrupts of the LM3S6965 (data sheet §2.5.4): UART0 is 5. */
#ifndef LM3S6965EVB_INTERRUPTS_H
#define LM3S6965EVB_INTERRUPTS_H

void uart0_handler(void);

#define BOARD_INTERRUPTS 6
#define BOARD_VECTORS [16 + 5] = uart0_handler

#endif
