/** Interrupts of the MPS2 with AN385: reception of UART0 is 0. */
#ifndef MPS2_AN385_INTERRUPTS_H
#define MPS2_AN385_INTERRUPTS_H

void uart0_receive_handler(void);

#define BOARD_INTERRUPTS 1
#define BOARD_VECTORS [16 + 0] = uart0_receive_handler

#endif
