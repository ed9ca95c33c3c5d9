/**
 * Vector table and start-up of a Cortex-M board (ARMv6-M and ARMv7-M ARM, B1.5.3). What differs from
 * board to board stands in its interrupts.h:
 *
 *   BOARD_INTERRUPTS   how many interrupts the table has room for
 *   BOARD_VECTORS      its entries for them, as designated initialisers from [16] on
 *
 * The symbols link_… come from sections.ld.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "cortex_m.h"
#include "interrupts.h"

extern uint32_t link_stack_top[];
extern uint8_t link_data_load[], link_data_start[], link_data_end[];
extern uint8_t link_bss_start[], link_bss_end[];

int main(void);

/** A fault restarts the device: the journal is made for it, a hang helps nobody. */
void fault_handler(void) { board_reset(); }

/** A board whose counter is not SysTick never starts it. */
__attribute__((weak)) void systick_handler(void) { fault_handler(); }

void reset_handler(void) {
  memcpy(link_data_start, link_data_load, (size_t)(link_data_end - link_data_start));
  memset(link_bss_start, 0, (size_t)(link_bss_end - link_bss_start));
  main();
  board_reset();
}

typedef void (*vector)(void);

/** 16 system exceptions, then interrupts. The faults 4 to 6 and DebugMonitor, 12, are ARMv7-M's only. */
__attribute__((section(".vectors"), used)) static const vector vectors[16 + BOARD_INTERRUPTS] = {
    [0] = (vector)(void *)link_stack_top,
    [1] = reset_handler,
    [2] = fault_handler,
    [3] = fault_handler,
    [4] = fault_handler,
    [5] = fault_handler,
    [6] = fault_handler,
    [11] = svcall_handler,
    [12] = fault_handler,
    [14] = fault_handler,
    [15] = systick_handler,
    BOARD_VECTORS,
};
