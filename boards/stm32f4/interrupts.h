/** Interrupts of the STM32F405 (RM0090 §12.2): USART1 is 37. */
#ifndef STM32F4_INTERRUPTS_H
#define STM32F4_INTERRUPTS_H

void usart1_handler(void);

#define BOARD_INTERRUPTS 38
#define BOARD_VECTORS [16 + 37] = usart1_handler

#endif
