/** Handlers that the vector table of startup.c points to. */
#ifndef LM3S6965EVB_INTERRUPTS_H
#define LM3S6965EVB_INTERRUPTS_H

void reset_handler(void) __attribute__((noreturn));
void fault_handler(void) __attribute__((noreturn));
void unexpected_handler(void) __attribute__((noreturn));
void svcall_handler(void);
void systick_handler(void);
void uart0_handler(void);

#endif
