/** Handlers that the vector table of startup.c points to. */
#ifndef STM32F4_INTERRUPTS_H
#define STM32F4_INTERRUPTS_H

void reset_handler(void) __attribute__((noreturn));
void fault_handler(void) __attribute__((noreturn));
void svcall_handler(void);
void systick_handler(void);
void usart1_handler(void);

#endif
