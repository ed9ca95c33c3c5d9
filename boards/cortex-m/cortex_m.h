/** What all boards of this folder share because their core is a Cortex-M. */
#ifndef CORTEX_M_H
#define CORTEX_M_H

// Handlers that the vector table of startup.c points to.
void reset_handler(void) __attribute__((noreturn));
void fault_handler(void) __attribute__((noreturn));
void svcall_handler(void);
void systick_handler(void);

/** SYSRESETREQ (ARMv6-M ARM B3.2.6, ARMv7-M ARM B3.2.6): resets the whole chip. */
void cortex_m_reset(void) __attribute__((noreturn));

/**
 * Why the core started, by what RAM holds: "reset" after cortex_m_reset(), "external" after another reset,
 * "power-on" when RAM lost its contents. For parts whose registers do not tell, and for emulators. RAM
 * that comes up at random is taken for a survivor once in 2^31.
 */
const char *cortex_m_remembered_cause(void);

#endif
