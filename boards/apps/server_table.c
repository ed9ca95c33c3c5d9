#include "server_table.h"

#include <stddef.h>
#include <string.h>

#include "conformance_connections.h"

/** A port of 0 is a row that was not filled in. */
static server rows[SERVER_TABLE_ROWS];
static uint32_t rows_used;

const server *server_of_turn(uint32_t turn) {
  if (rows_used > 0) return &rows[turn % rows_used];
  return &server_table_own[turn % server_table_own_rows];
}

/** A decimal number up to `most`, and nothing behind it but `end` or a space. -1 for anything else. */
static int32_t decimal(const char **at, uint32_t most, char end) {
  uint32_t value = 0;
  const char *digit = *at;
  for (; *digit >= '0' && *digit <= '9'; digit++) {
    value = value * 10u + (uint32_t)(*digit - '0');
    if (value > most) return -1;
  }
  const bool ended = *digit == end || (end == '\0' && *digit == ' ');
  if (digit == *at || !ended) return -1;
  *at = digit;
  return (int32_t)value;
}

static int32_t decimal_field(const console_command *command, const char *key, uint32_t most) {
  const char *at = console_value(command, key);
  return at == NULL ? -1 : decimal(&at, most, '\0');
}

static bool read_ipv4(const char *text, uint32_t *address) {
  *address = 0;
  for (int i = 0; i < 4; i++, text++) {
    const int32_t octet = decimal(&text, 255, i < 3 ? '.' : '\0');
    if (octet < 0) return false;
    *address = *address << 8 | (uint32_t)octet;
  }
  return *address != 0;
}

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = (char)(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/** The text of RFC 4291 §2.2, forms 1 and 2: groups, and at most one `::`. */
static bool read_ipv6(const char *text, const char *end, uint8_t address[16]) {
  uint8_t bytes[16] = {0};
  uint32_t filled = 0;
  int32_t gap = -1;
  if (text[0] == ':') {
    if (text[1] != ':') return false;
    gap = 0;
    text += 2;
  }
  while (text < end) {
    uint32_t group = 0;
    uint32_t digits = 0;
    for (; text < end && hex_value(*text) >= 0; text++, digits++) {
      group = group << 4 | (uint32_t)hex_value(*text);
    }
    if (digits == 0 || digits > 4 || filled == sizeof bytes) return false;
    bytes[filled++] = (uint8_t)(group >> 8);
    bytes[filled++] = (uint8_t)group;
    if (text == end) break;
    if (*text++ != ':' || text == end) return false;
    if (*text != ':') continue;
    if (gap >= 0) return false;
    gap = (int32_t)filled;
    text++;
  }
  if (gap < 0 ? filled != sizeof bytes : filled == sizeof bytes) return false;
  const uint32_t head = gap < 0 ? filled : (uint32_t)gap;
  memset(address, 0, sizeof bytes);
  memcpy(address, bytes, head);
  memcpy(address + sizeof bytes - (filled - head), bytes + head, filled - head);
  return true;
}

static bool is_reserved(int32_t port) {
  static const uint16_t range[] = CONNECTIONS_RESERVED_PORTS;
  return port >= range[0] && port <= range[1];
}

const char *server_fill_in(const console_command *command) {
  server row = {0};
  const int32_t index = decimal_field(command, "i", SERVER_TABLE_ROWS - 1);
  if (index < 0) return "row-0-to-15";
  const char *text = console_value(command, "ra");
  if (text == NULL) return "no-address";
  const size_t length = strcspn(text, " ");
  if (length >= SERVER_TEXT_BYTES) return "no-address";
  memcpy(row.text, text, length);
  row.ipv6 = memchr(text, ':', length) != NULL;
  const bool read = row.ipv6 ? read_ipv6(row.text, row.text + length, row.address6)
                             : read_ipv4(row.text, &row.address);
  if (!read) return "no-address";
  const int32_t port = decimal_field(command, "rp", UINT16_MAX);
  if (port < 1) return "port-1-to-65535";
  row.port = (uint16_t)port;
  if (console_value(command, "lp") != NULL) {
    const int32_t bound = decimal_field(command, "lp", UINT16_MAX);
    if (!is_reserved(bound)) return "local-port-not-reserved";
    row.bound = (uint16_t)bound;
  }
  rows[index] = row;
  return NULL;
}

const char *server_use_rows(const console_command *command) {
  const int32_t count = decimal_field(command, "count", SERVER_TABLE_ROWS);
  if (count < 0) return "count-0-to-16";
  for (int32_t i = 0; i < count; i++) {
    if (rows[i].port == 0) return "row-not-filled-in";
  }
  rows_used = (uint32_t)count;
  return NULL;
}
