/** What the console received: the interrupt fills it while the application writes its memory. */
#ifndef CONSOLE_BUFFER_H
#define CONSOLE_BUFFER_H

#include <stdint.h>

/** From the receive interrupt. A full buffer drops the byte: the line's checksum will tell. */
void console_buffer_put(uint8_t byte);

#endif
