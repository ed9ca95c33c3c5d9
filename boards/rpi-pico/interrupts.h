/** Handlers that the vector table of startup.c points to. */
#ifndef RPI_PICO_INTERRUPTS_H
#define RPI_PICO_INTERRUPTS_H

void reset_handler(void) __attribute__((noreturn));
void fault_handler(void) __attribute__((noreturn));
void svcall_handler(void);
void uart0_handler(void);

#endif
