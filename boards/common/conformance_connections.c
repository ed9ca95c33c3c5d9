#include "conformance_connections.h"

#include <stddef.h>

#include "board.h"
#include "connection_records.h"
#include "isnkit.h"

// The connections of this file exist in the records only: the module is asked and told as a stack would
// do it, but nothing is sent. campaign_connections.c opens real ones.

const char connections_network[] = "none";

void connections_begin(void) {}

void connections_mark(void) {}

// Destinations that `run` connects to, in turn.

typedef struct destination {
  uint32_t address;  // 0: the IPv6 one
  uint16_t port;
  // Not 0: the application binds this local port, so the same tuple comes back at every turn.
  uint16_t bound;
  const char *text;
} destination;

static const destination destinations[] = {
    {0x0A4D0001u, 25, 0, "10.77.0.1"},
    {0x0A4D0001u, 1883, 5000, "10.77.0.1"},
    {0xC0000207u, 443, 0, "192.0.2.7"},
    {0, 443, 0, "fd00::1"},
    {0, 1883, 5001, "fd00::1"},
};

#define DESTINATIONS (sizeof destinations / sizeof *destinations)

static const uint8_t local6[16] = {0xfd, [15] = 2};
static const uint8_t remote6[16] = {0xfd, [15] = 1};

static uint16_t ask_port(const destination *to) {
  if (to->bound != 0) return to->bound;
  return to->address != 0 ? isnkit_port4(CONNECTIONS_LOCAL, to->address, to->port)
                          : isnkit_port6(local6, remote6, to->port);
}

static uint32_t ask_isn(const destination *to, uint16_t port) {
  return to->address != 0 ? isnkit_isn4(CONNECTIONS_LOCAL, port, to->address, to->port)
                          : isnkit_isn6(local6, port, remote6, to->port);
}

static uint32_t ask_timestamp(const destination *to, uint16_t port) {
  return to->address != 0 ? isnkit_timestamp4(CONNECTIONS_LOCAL, port, to->address, to->port)
                          : isnkit_timestamp6(local6, port, remote6, to->port);
}

static uint32_t report_progress(const destination *to, uint16_t port, uint32_t next) {
  return to->address != 0 ? isnkit_advance4(CONNECTIONS_LOCAL, port, to->address, to->port, next)
                          : isnkit_advance6(local6, port, remote6, to->port, next);
}

static uint32_t report_close(const destination *to, uint16_t port, uint32_t next) {
  const isnkit_end end = {.next = next, .peer_next = 1};
  return to->address != 0 ? isnkit_close4(CONNECTIONS_LOCAL, port, to->address, to->port, &end)
                          : isnkit_close6(local6, port, remote6, to->port, &end);
}

static void tell_tuple(const destination *to, uint16_t port) {
  connection_tuple(to->address != 0 ? "10.77.0.2" : "fd00::2", port, to->text, to->port);
}

// One connection after another.

static bool running;
static bool endless;
static uint32_t connections_left;
static uint32_t connection;
static uint32_t gap_ticks;
static uint32_t last_ticks;

/** A refusal while waiting for quiet time or a key would repeat at once: once a second is enough. */
static void pause_after_refusal(const char *call) {
  connection_refused(call);
  last_ticks = board_ticks(NULL) + board_ticks_hz - gap_ticks;
}

static void connect(void) {
  const destination *to = &destinations[connection % DESTINATIONS];
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
  // Mails of different length; one in sixteen runs ahead of the clock by almost the guard.
  const uint32_t bytes = connection % 16 == 15 ? 200000 : 500 + connection % 7 * 321;
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

void connections_run(const console_command *command) {
  connections_left = console_number(command, "count", 0);
  endless = connections_left == 0;
  const uint32_t gap_us = console_number(command, "gap-us", 0);
  gap_ticks = (uint32_t)((uint64_t)gap_us * board_ticks_hz / 1000000u);
  last_ticks = board_ticks(NULL) - gap_ticks;
  running = true;
}

void connections_stop(void) { running = false; }
