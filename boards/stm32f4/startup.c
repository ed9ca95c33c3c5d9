/** Vector table and start-up of the STM32F405. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "interrupts.h"

extern uint32_t link_stack_top[];
extern uint8_t link_data_load[], link_data_start[], link_data_end[];
extern uint8_t link_bss_start[], link_bss_end[];

int main(void);

/** A fault restarts the device: the journal is made for it, a hang helps nobody. */
void fault_handler(void) { board_reset(); }

void reset_handler(void) {
  memcpy(link_data_start, link_data_load, (size_t)(link_data_end - link_data_start));
  memset(link_bss_start, 0, (size_t)(link_bss_end - link_bss_start));
  main();
  board_reset();
}

typedef void (*vector)(void);

/** RM0090 §12.2: 16 system exceptions, then interrupts; USART1 is 37. */
__attribute__((section(".vectors"), used)) static const vector vectors[16 + 38] = {
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
    [16 + 37] = usart1_handler,
};
