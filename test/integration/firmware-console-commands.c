/**
 * The console of the boards' applications, compiled for this machine: reads commands as a board receives them, and
 * tells for each what console_number() makes of `n`, and console_numbers() of `list`.
 */
#include <stdio.h>

#include "board.h"
#include "console.h"

#define LIST_MOST 3

void board_console_put(uint8_t byte) { putchar(byte); }
int board_console_get(void) { return getchar(); }
uint32_t board_ticks(void *context) {
  (void)context;
  return 0;
}

int main(void) {
  static console_command command;
  while (console_poll(&command)) {
    uint32_t value = 7;
    uint32_t list[LIST_MOST] = {0};
    uint32_t count = 0;
    const bool number = console_number(&command, "n", &value);
    const bool numbers = console_numbers(&command, "list", list, LIST_MOST, &count);
    printf("%s %u", number ? "taken" : "refused", (unsigned)value);
    printf(" %s", numbers ? "taken" : "refused");
    for (uint32_t i = 0; numbers && i < count; i++) printf(" %u", (unsigned)list[i]);
    putchar('\n');
  }
  return 0;
}
