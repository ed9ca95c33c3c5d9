/**
 * The board's counter, as fast as a campaign wants it: minutes of timeouts then take seconds. The applications and
 * lwIP's clock on these boards count by it; it is the board's own counter until somebody says otherwise.
 */
#ifndef SCALED_CLOCK_H
#define SCALED_CLOCK_H

#include <stdint.h>

/** How fast a counter may run, in times of the board's. */
#define SCALED_CLOCK_MOST 100u

/** From now on; the count goes on from where it is. 1 to SCALED_CLOCK_MOST. */
void scaled_clock_run(uint32_t times);

/** All 32 bits are in use, at board_ticks_hz. */
uint32_t scaled_clock_ticks(void);

#endif
