#include "console.h"

#include <stddef.h>
#include <string.h>

#include "board.h"

static uint32_t records;
static uint16_t checksum;

/** CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection. */
static uint16_t crc16(uint16_t crc, uint8_t byte) {
  crc ^= (uint16_t)(byte << 8);
  for (unsigned i = 0; i < 8; i++) {
    crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

// Records.

static void put(char c) {
  checksum = crc16(checksum, (uint8_t)c);
  board_console_put((uint8_t)c);
}

static void put_text(const char *text) {
  while (*text != '\0') put(*text++);
}

static void put_digits(uint32_t value, unsigned digits) {
  while (digits-- > 0) put("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

static void put_key(const char *key) {
  put(' ');
  put_text(key);
  put('=');
}

static void put_decimal(uint32_t value) {
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) put(digits[--count]);
}

void console_begin(const char *type) {
  // A reset may have torn the line before.
  if (records == 0) put_text("\r\n");
  checksum = 0xffff;
  put_text("n=");
  put_decimal(records++);
  console_text("t", type);
  console_decimal("at", board_ticks(NULL));
}

void console_text(const char *key, const char *value) {
  put_key(key);
  put_text(value);
}

void console_decimal(const char *key, uint32_t value) {
  put_key(key);
  put_decimal(value);
}

void console_hex(const char *key, uint32_t value) {
  put_key(key);
  put_digits(value, 8);
}

void console_bytes(const char *key, const uint8_t *bytes, uint32_t count) {
  put_key(key);
  for (uint32_t i = 0; i < count; i++) put_digits(bytes[i], 2);
}

void console_end(void) {
  const uint16_t sum = checksum;
  put_text(" *");
  put_digits(sum, 4);
  put_text("\r\n");
}

// Commands.

static uint32_t received;
static bool too_long;

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/** Checks and cuts off the checksum, if there is one. */
static bool intact(char *line) {
  char *star = strrchr(line, '*');
  if (star == NULL) return true;
  if (star == line || star[-1] != ' ' || strlen(star) != 5) return false;
  uint16_t stated = 0;
  for (unsigned i = 1; i < 5; i++) {
    if (hex_digit(star[i]) < 0) return false;
    stated = (uint16_t)(stated << 4 | hex_digit(star[i]));
  }
  star[-1] = '\0';
  uint16_t sum = 0xffff;
  for (const char *c = line; *c != '\0'; c++) sum = crc16(sum, (uint8_t)*c);
  return sum == stated;
}

void console_complain(const char *why) {
  console_begin("refused-command");
  console_text("why", why);
  console_end();
}

bool console_poll(console_command *command) {
  for (int byte = board_console_get(); byte >= 0; byte = board_console_get()) {
    // Empty lines, and what a transfer leaves behind (a copy of its last block, CAN, BACKSPACE): no command
    // begins with them.
    if (received == 0 && (byte < ' ' || byte > '~')) continue;
    if (byte != '\n' && byte != '\r') {
      if (received < CONSOLE_LINE_BYTES) command->line[received++] = (char)byte;
      else too_long = true;
      continue;
    }
    command->line[received] = '\0';
    received = 0;
    const bool whole = !too_long;
    too_long = false;
    if (!whole) console_complain("too-long");
    else if (!intact(command->line)) console_complain("checksum");
    else return true;
  }
  return false;
}

const char *console_value(const console_command *command, const char *key) {
  const size_t length = strlen(key);
  const char *at = command->line;
  while (at != NULL) {
    while (*at == ' ') at++;
    if (strncmp(at, key, length) == 0 && at[length] == '=') return at + length + 1;
    at = strchr(at, ' ');
  }
  return NULL;
}

bool console_is(const console_command *command, const char *key, const char *value) {
  const char *found = console_value(command, key);
  const size_t length = strlen(value);
  if (found == NULL || strncmp(found, value, length) != 0) return false;
  return found[length] == ' ' || found[length] == '\0';
}

/** Where a value ends. */
static bool at_end(const char *at) { return *at == ' ' || *at == '\0'; }

/** Reads digits, moves `at` behind them, and refuses what 32 bits do not hold. */
static bool read_number(const char **at, uint32_t *value) {
  const bool hex = (*at)[0] == '0' && (*at)[1] == 'x';
  const uint32_t base = hex ? 16 : 10;
  const char *const first = *at + (hex ? 2 : 0);
  const char *digit = first;
  uint64_t sum = 0;
  for (; hex_digit(*digit) >= 0 && (uint32_t)hex_digit(*digit) < base; digit++) {
    sum = sum * base + (uint32_t)hex_digit(*digit);
    if (sum > UINT32_MAX) return false;
  }
  if (digit == first) return false;
  *at = digit;
  *value = (uint32_t)sum;
  return true;
}

bool console_number(const console_command *command, const char *key, uint32_t *value) {
  const char *at = console_value(command, key);
  uint32_t found;
  if (at == NULL) return true;
  if (!read_number(&at, &found) || !at_end(at)) return false;
  *value = found;
  return true;
}

bool console_numbers(const console_command *command, const char *key, uint32_t *to, uint32_t most,
                     uint32_t *count) {
  const char *at = console_value(command, key);
  *count = 0;
  if (at == NULL) return true;
  for (;;) {
    if (*count == most || !read_number(&at, &to[*count])) return false;
    ++*count;
    if (at_end(at)) return true;
    if (*at++ != ',') return false;
  }
}

bool console_octets(const console_command *command, const char *key, uint8_t *to, uint32_t count) {
  const char *at = console_value(command, key);
  if (at == NULL) return false;
  for (uint32_t i = 0; i < count; i++, at += 2) {
    if (hex_digit(at[0]) < 0 || hex_digit(at[1]) < 0) return false;
    to[i] = (uint8_t)(hex_digit(at[0]) << 4 | hex_digit(at[1]));
  }
  return at_end(at);
}
