#include "console_buffer.h"

#include "board.h"

#define RECEIVED_BYTES 256u

static volatile uint8_t received[RECEIVED_BYTES];
static volatile uint32_t received_in;
static volatile uint32_t received_out;

void console_buffer_put(uint8_t byte) {
  if (received_in - received_out == RECEIVED_BYTES) return;
  received[received_in % RECEIVED_BYTES] = byte;
  received_in++;
}

int board_console_get(void) {
  if (received_in == received_out) return -1;
  const int byte = received[received_out % RECEIVED_BYTES];
  received_out++;
  return byte;
}
