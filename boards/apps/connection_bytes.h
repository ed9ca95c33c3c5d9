/** How much each connection of the conformance application sends, as the bench asks for it. */
#ifndef CONNECTION_BYTES_H
#define CONNECTION_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"

/** What a connection may run ahead of the clock without a report on its way: less than the guard. */
#define CONNECTION_BYTES_MAX 200000u

/**
 * Takes `bytes=least,most`, or one number, of `do=run`; without it the application's own numbers are back.
 * False, with nothing changed, when they are out of range.
 */
bool connection_bytes_take(const console_command *command);

/** What the connection of a turn sends: `own`, when the bench did not ask. */
uint32_t connection_bytes_of(uint32_t turn, uint32_t own);

#endif
