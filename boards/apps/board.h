/**
 * What a board gives to the applications of this folder: console bytes, a counter, memory for the
 * journal, and a few facts. A new board implements these functions and writes its
 * interrupts.h (see startup.c) and a link script (see sections.ld).
 */
#ifndef ISNKIT_BOARD_H
#define ISNKIT_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "nvm.h"

/** The folder's name, and the `model` of its board.json. */
extern const char board_name[];

/** Clocks, counter and console; called once, before anything else. */
void board_init(void);

/** Sends one byte; waits while the transmitter is full. */
void board_console_put(uint8_t byte);

/** The next byte received, or -1: console_buffer.c does it. */
int board_console_get(void);

/** Free-running counter: all 32 bits, at BOARD_TICKS_HZ. */
uint32_t board_ticks(void *context);
extern const uint32_t board_ticks_hz;

/** Raw noise; NULL when the board has no source. Same contract as isnkit_platform.entropy. */
extern uint32_t (*const board_entropy)(void *context, uint8_t *to, uint32_t bytes);

/** The memory of the journal. */
extern const isnkit_nvm board_nvm;

/** Why the device started: "power-on", "reset", "watchdog", … */
const char *board_reset_cause(void);

/** Runs a function inside an exception handler: for the conformance tests; cortex_m.c does it. */
void board_run_in_handler(void (*work)(void));

/** Resets the core; RAM may survive, the journal does. */
void board_reset(void) __attribute__((noreturn));

#endif
