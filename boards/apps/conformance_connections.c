#include "conformance_connections.h"

#include <stddef.h>

#include "board.h"
#include "connection_bytes.h"
#include "connection_records.h"
#include "isnkit.h"
#include "server_table.h"

// The connections of this file exist in the records only: the module is asked and told as a stack would
// do it, but nothing is sent. campaign_connections.c opens real ones.

const char connections_network[] = "none";

const server server_table_own[] = {
    {.address = 0x0A4D0001u, .port = 25, .text = "10.77.0.1"},
    {.address = 0x0A4D0001u, .port = 1883, .bound = 5000, .text = "10.77.0.1"},
    {.address = 0xC0000207u, .port = 443, .text = "192.0.2.7"},
    {.ipv6 = true, .address6 = {0xfd, [15] = 1}, .port = 443, .text = "fd00::1"},
    {.ipv6 = true, .address6 = {0xfd, [15] = 1}, .port = 1883, .bound = 5001, .text = "fd00::1"},
};
const uint32_t server_table_own_rows = sizeof server_table_own / sizeof *server_table_own;

void connections_begin(void) {}

void connections_mark(void) {}

static const uint8_t local6[16] = {0xfd, [15] = 2};

static uint16_t ask_port(const server *to) {
  if (to->bound != 0) return to->bound;
  return !to->ipv6 ? isnkit_port4(CONNECTIONS_LOCAL, to->address, to->port)
                          : isnkit_port6(local6, to->address6, to->port);
}

static uint32_t ask_isn(const server *to, uint16_t port) {
  return !to->ipv6 ? isnkit_isn4(CONNECTIONS_LOCAL, port, to->address, to->port)
                          : isnkit_isn6(local6, port, to->address6, to->port);
}

static uint32_t ask_timestamp(const server *to, uint16_t port) {
  return !to->ipv6 ? isnkit_timestamp4(CONNECTIONS_LOCAL, port, to->address, to->port)
                          : isnkit_timestamp6(local6, port, to->address6, to->port);
}

static uint32_t report_progress(const server *to, uint16_t port, uint32_t next) {
  return !to->ipv6 ? isnkit_advance4(CONNECTIONS_LOCAL, port, to->address, to->port, next)
                          : isnkit_advance6(local6, port, to->address6, to->port, next);
}

static uint32_t report_close(const server *to, uint16_t port, uint32_t next) {
  const isnkit_end end = {.next = next, .peer_next = 1};
  return !to->ipv6 ? isnkit_close4(CONNECTIONS_LOCAL, port, to->address, to->port, &end)
                          : isnkit_close6(local6, port, to->address6, to->port, &end);
}

static void tell_tuple(const server *to, uint16_t port) {
  connection_tuple(!to->ipv6 ? "10.77.0.2" : "fd00::2", port, to->text, to->port);
}

// One connection after another.

static bool running;
static bool endless;
static uint32_t connections_left;
static uint32_t connection;
static uint32_t gap_ticks;
static uint32_t last_ticks;

/** Mails of different length; one in sixteen runs ahead of the clock by almost the guard. */
static uint32_t own_bytes_of(uint32_t turn) {
  return turn % 16 == 15 ? CONNECTION_BYTES_MAX : 500 + turn % 7 * 321;
}

/** A refusal while waiting for quiet time or a key would repeat at once: once a second is enough. */
static void pause_after_refusal(const char *call) {
  connection_refused(call);
  last_ticks = board_ticks(NULL) + board_ticks_hz - gap_ticks;
}

static void connect(void) {
  const server *to = server_of_turn(connection);
  const uint16_t port = ask_port(to);
  if (port == 0) return pause_after_refusal("port");
  const uint32_t isn = ask_isn(to, port);
  if (isn == 0) return pause_after_refusal("isn");
  const uint32_t tsval = ask_timestamp(to, port);
  if (tsval == 0) return pause_after_refusal("timestamp");
  console_begin("open");
  tell_tuple(to, port);
  console_text("choice", to->bound != 0 ? "bound" : "allocated");
  console_hex("isn", isn);
  console_hex("ts", tsval);
  console_end();
  const uint32_t bytes = connection_bytes_of(connection, own_bytes_of(connection));
  // SYN and FIN use one number each.
  const uint32_t next = isn + 1 + bytes + 1;
  if (!report_progress(to, port, next)) return pause_after_refusal("advance");
  console_begin("used");
  tell_tuple(to, port);
  console_hex("next", next);
  console_end();
  if (!report_close(to, port, next)) return pause_after_refusal("close");
  if (connection % 4 == 0) connection_memory();
  connection++;
}

void connections_continue(void) {
  if (!running) return;
  if ((int32_t)(board_ticks(NULL) - last_ticks - gap_ticks) < 0) return;
  last_ticks = board_ticks(NULL);
  connect();
  if (endless || --connections_left > 0) return;
  running = false;
  console_begin("run-over");
  console_end();
}

const char *connections_run(const console_command *command) {
  uint32_t count = 0;
  uint32_t gap_us = 0;
  running = false;
  if (!connection_bytes_take(command)) return "bytes-0-to-200000";
  if (!console_number(command, "count", &count) || !console_number(command, "gap-us", &gap_us) ||
      !console_number(command, "from", &connection)) {
    return CONSOLE_NOT_A_NUMBER;
  }
  connections_left = count;
  endless = count == 0;
  gap_ticks = (uint32_t)((uint64_t)gap_us * board_ticks_hz / 1000000u);
  last_ticks = board_ticks(NULL) - gap_ticks;
  running = true;
  return NULL;
}

const char *connections_server(const console_command *command) {
  return running ? "running" : server_fill_in(command);
}

const char *connections_servers(const console_command *command) {
  return running ? "running" : server_use_rows(command);
}

void connections_stop(void) { running = false; }

const char *connections_listen(const console_command *command) {
  (void)command;
  return "no-network";
}
