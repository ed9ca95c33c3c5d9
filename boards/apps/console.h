/**
 * The console protocol, device side (docs/bench-arm.md): text, one record a line, `key=value`
 * separated by spaces, and a checksum at the end, so that a person can read it and a program can trust
 * it:
 *
 *     n=12 t=open at=8731442 lp=49153 isn=5f0c2a11 *98d0
 *
 * `n` counts the records since the start of the device, so that a lost line shows as a gap; `at` is the
 * board's counter, so that a reader knows the device's time. The
 * checksum is CRC-16/CCITT-FALSE over everything before the space in front of the star. Commands to
 * the device have the same form; without a checksum they are taken as typed by a person.
 */
#ifndef ISNKIT_CONSOLE_H
#define ISNKIT_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/** The longest command, without its line end. A longer one is dropped and reported. */
#define CONSOLE_LINE_BYTES 192u

/** Opens a record of a type; close it with console_end(). Records do not nest. */
void console_begin(const char *type);
void console_text(const char *key, const char *value);
void console_decimal(const char *key, uint32_t value);
/** Eight hexadecimal digits, no prefix. */
void console_hex(const char *key, uint32_t value);
void console_bytes(const char *key, const uint8_t *bytes, uint32_t count);
void console_end(void);

/** Says that a command was not obeyed, where no answer can carry its `id`. */
void console_complain(const char *why);

#define CONSOLE_CHECKED __attribute__((warn_unused_result))

/** A command that arrived. */
typedef struct console_command {
  char line[CONSOLE_LINE_BYTES + 1];
} console_command;

/** Takes what the console has received. True when `command` holds a whole, intact line. */
bool console_poll(console_command *command);

/** The value of a key, up to the next space; NULL when the key is not there. Not terminated. */
const char *console_value(const console_command *command, const char *key);
/** True when the key has exactly this value. */
bool console_is(const console_command *command, const char *key, const char *value);
/** What a command is answered with whose number is none. */
#define CONSOLE_NOT_A_NUMBER "not-a-number"

/**
 * A number of 32 bits, decimal or with 0x: the digits are the whole value. `value` stays as it is when the key is
 * not there; false, and it stays too, when what is there is no such number.
 */
CONSOLE_CHECKED bool console_number(const console_command *command, const char *key, uint32_t *value);
/** Such numbers separated by commas, at most `most`; tells how many: 0 when the key is not there. */
CONSOLE_CHECKED bool console_numbers(const console_command *command, const char *key, uint32_t *to,
                                     uint32_t most, uint32_t *count);
/** Hexadecimal bytes; true when there are exactly `count`. */
bool console_octets(const console_command *command, const char *key, uint8_t *to, uint32_t count);

#endif
