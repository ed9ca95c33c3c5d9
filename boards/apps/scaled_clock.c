#include "scaled_clock.h"

#include <stddef.h>

#include "board.h"

static uint32_t rate = 1;
/** The count, and the board's, when the rate was set. */
static uint32_t begun, board_begun;

void scaled_clock_run(uint32_t times) {
  begun = scaled_clock_ticks();
  board_begun = board_ticks(NULL);
  rate = times;
}

uint32_t scaled_clock_ticks(void) { return begun + (board_ticks(NULL) - board_begun) * rate; }
