#include "console_buffer.h"

#include "board.h"

/** A power of two. A board that takes files has room for a block of YMODEM. */
#ifndef CONSOLE_BUFFER_BYTES
#define CONSOLE_BUFFER_BYTES 256u
#endif

static volatile uint8_t received[CONSOLE_BUFFER_BYTES];
static volatile uint32_t received_in;
static volatile uint32_t received_out;

void console_buffer_put(uint8_t byte) {
  if (received_in - received_out == CONSOLE_BUFFER_BYTES) return;
  received[received_in % CONSOLE_BUFFER_BYTES] = byte;
  received_in++;
}

int board_console_get(void) {
  if (received_in == received_out) return -1;
  const int byte = received[received_out % CONSOLE_BUFFER_BYTES];
  received_out++;
  return byte;
}
