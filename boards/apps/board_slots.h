/** What a board with slots for modules gives besides board.h. */
#ifndef ISNKIT_BOARD_SLOTS_H
#define ISNKIT_BOARD_SLOTS_H

#include <stdint.h>

#include "module_slots.h"

/** Slots and log; they lie apart from the journal. */
extern const module_storage board_module_storage;

/**
 * Resets the device when it is not fed for this long, 1 to 100,000 ms; the reset cause is then
 * "watchdog". It cannot be stopped again but by a reset.
 */
void board_watchdog_start(uint32_t ms);
void board_watchdog_feed(void);

#endif
