/**
 * Connections of the conformance application on a real network: lwIP with isnkit's ports, ISNs and
 * timestamps, towards servers of the Linux kernel (host/emulated/campaign-server.ts). One after another,
 * each in its records: `open` as soon as the SYN is on its way, `connected`, `used` when it is over, and
 * `failed` before that if it was cut short. `no-answer`: nothing is opened, as the network is dead.
 */
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "campaign_server.h"
#include "conformance_connections.h"
#include "connection_bytes.h"
#include "connection_records.h"
#include "isnkit.h"
#include "isnkit_lwip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip_device.h"
#include "server_table.h"

const char connections_network[] = "lwip";

void connections_begin(void) { lwip_device_start(); }
void connections_mark(void) { lwip_device_announce(); }

// Those of host/emulated/campaign-server.ts. A bound port brings the same tuple back into the server's
// TIME_WAIT at every turn, and half open after a power cut.
const server server_table_own[] = {
    {.address = 0x0A4D0001u, .port = 25, .text = "10.77.0.1"},
    {.address = 0x0A4D0001u, .port = 1883, .bound = 5000, .text = "10.77.0.1"},
    {.address = 0xC0000207u, .port = 443, .device_closes = true, .text = "192.0.2.7"},
    {.address = 0xC0000207u, .port = 8883, .bound = 5001, .text = "192.0.2.7"},
};
const uint32_t server_table_own_rows = sizeof server_table_own / sizeof *server_table_own;

/** Who closes first, and so keeps the TIME_WAIT (RFC 9293 §3.6). */
static enum { AS_THE_ROW_SAYS, SERVER_FIRST, DEVICE_FIRST, EITHER_FIRST } closes;

/** lwIP repeats a SYN after 3, 6, 12 s; a connection that takes longer than this is given up. */
#define LIMIT_MS 15000u

// The connection under way.

static enum { AT_REST, OPENING, SENDING, ENDING } phase;
static const server *to;
static bool device_closes;
/** NULL once lwIP has freed it, or will do so by itself. */
static struct tcp_pcb *pcb;
static uint16_t local_port;
static uint32_t bytes_left;
static bool peer_closed;
/** One past the highest number used so far. */
static uint32_t next;
static uint32_t opened_ms;
/** Why it ended early; ERR_OK: it did not. */
static err_t failure;

static void note_progress(const struct tcp_pcb *of) { next = of->snd_nxt; }

static void finish_sending(void) {
  if (pcb == NULL || phase != SENDING || bytes_left > 0) return;
  if (!device_closes && !peer_closed) return;
  // The FIN is one more number, behind all data that was queued (RFC 9293 §3.4).
  const uint32_t end = pcb->snd_lbb + 1;
  if (tcp_close(pcb) != ERR_OK) return;
  next = end;
  pcb = NULL;
  phase = ENDING;
}

static void send_more(void) {
  // Each part begins with the letter that tells the server who closes; it reads the first one.
  static const uint8_t data[][TCP_MSS] = {{'s'}, {'d'}};
  if (pcb == NULL || phase != SENDING) return;
  while (bytes_left > 0) {
    uint32_t part = bytes_left < TCP_MSS ? bytes_left : TCP_MSS;
    if (part > tcp_sndbuf(pcb)) part = tcp_sndbuf(pcb);
    if (part == 0 || tcp_write(pcb, data[device_closes], (u16_t)part, 0) != ERR_OK) break;
    bytes_left -= part;
  }
  tcp_output(pcb);
  note_progress(pcb);
  finish_sending();
}

static err_t on_sent(void *argument, struct tcp_pcb *of, u16_t bytes) {
  (void)argument;
  (void)bytes;
  note_progress(of);
  send_more();
  return ERR_OK;
}

static err_t on_received(void *argument, struct tcp_pcb *of, struct pbuf *p, err_t error) {
  (void)argument;
  (void)error;
  if (p == NULL) {
    peer_closed = true;
    finish_sending();
    return ERR_OK;
  }
  tcp_recved(of, p->tot_len);
  pbuf_free(p);
  return ERR_OK;
}

/** lwIP has freed the connection: a reset, or too many repeats. */
static void on_error(void *argument, err_t error) {
  (void)argument;
  pcb = NULL;
  failure = error;
}

/** At which point the device gives its own connections up. */
static enum { NEVER, ONCE_OPENED, ONCE_CONNECTED, WHILE_SENDING } aborts;

/** For a callback of lwIP, which has to say so. on_error() is called. */
static err_t abort_now(struct tcp_pcb *of) {
  tcp_abort(of);
  return ERR_ABRT;
}

static err_t on_connected(void *argument, struct tcp_pcb *of, err_t error) {
  (void)argument;
  (void)error;
  console_begin("connected");
  console_decimal("lp", local_port);
  console_decimal("ms", sys_now() - opened_ms);
  // How often the SYN was sent again before it was answered.
  console_decimal("repeats", of->nrtx);
  console_end();
  phase = SENDING;
  note_progress(of);
  if (aborts == ONCE_CONNECTED) return abort_now(of);
  send_more();
  return aborts == WHILE_SENDING && pcb != NULL ? abort_now(of) : ERR_OK;
}

// One after another.

static bool running;
static bool endless;
static uint32_t connections_left;
static uint32_t connection;
static uint32_t gap_ticks;
static uint32_t limit_ms;
static uint32_t due_ticks;

static void next_in(uint32_t ticks) {
  due_ticks = board_ticks(NULL) + ticks;
  if (endless || --connections_left > 0) return;
  running = false;
  console_begin("run-over");
  console_end();
}

static void tell_tuple(void) {
  connection_tuple(LWIP_DEVICE_ADDRESS, local_port, to->text, to->port);
}

/** Nothing was sent. A refusal would repeat at once: once a second is enough. */
static void give_up(const char *call, err_t error) {
  if (call != NULL) {
    connection_refused(call);
  } else {
    console_begin("not-opened");
    console_decimal("error", (uint32_t)-error);
    console_end();
  }
  next_in(board_ticks_hz);
}

static void tell_open(void) {
  console_begin("open");
  tell_tuple();
  console_text("choice", to->bound != 0 ? "bound" : "allocated");
  // The SYN took one number, so the wire showed the one before (RFC 9293 §3.4).
  console_hex("isn", pcb->snd_lbb - 1);
  console_hex("given", isnkit_lwip_given);
  if (isnkit_lwip_tsval != 0) console_hex("ts", isnkit_lwip_tsval);
  console_end();
  if (isnkit_lwip_tsval == 0) connection_refused("timestamp");
}

/** Of different length; one in sixteen runs far ahead of the clock of 250 kB/s. */
static uint32_t own_bytes_of(uint32_t turn) { return turn % 16 == 15 ? 60000 : 500 + turn % 7 * 321; }

/** Without data nobody can tell a server that would leave it to the device. */
static bool device_closes_first(uint32_t turn) {
  if (closes == AS_THE_ROW_SAYS) return to->device_closes;
  if (closes != EITHER_FIRST) return closes == DEVICE_FIRST;
  // Multiplied, so that no server of a table of any length has always the same.
  return bytes_left == 0 || turn * 0x9E3779B1u >> 31 != 0;
}

static void connect(void) {
  const uint32_t turn = connection++;
  to = server_of_turn(turn);
  ip_addr_t address = {.addr = lwip_htonl(to->address)};
  pcb = tcp_new();
  if (pcb == NULL) return give_up(NULL, ERR_MEM);
  tcp_err(pcb, on_error);
  tcp_recv(pcb, on_received);
  tcp_sent(pcb, on_sent);
  err_t result = to->bound == 0 ? ERR_OK : tcp_bind(pcb, IP_ADDR_ANY, to->bound);
  const bool bound = result == ERR_OK;
  if (bound) result = isnkit_lwip_connect(pcb, &address, to->port, on_connected);
  if (result != ERR_OK) {
    tcp_err(pcb, NULL);
    tcp_abort(pcb);
    pcb = NULL;
    if (bound && result == ERR_USE) return give_up("port", result);
    if (bound && result == ERR_VAL) return give_up("isn", result);
    return give_up(NULL, result);
  }
  local_port = pcb->local_port;
  next = pcb->snd_lbb;
  opened_ms = sys_now();
  failure = ERR_OK;
  peer_closed = false;
  bytes_left = connection_bytes_of(turn, own_bytes_of(turn));
  device_closes = device_closes_first(turn);
  phase = OPENING;
  tell_open();
  if (aborts == ONCE_OPENED) tcp_abort(pcb);
}

/** Whether lwIP still holds the connection, TIME_WAIT not counted. */
static bool active(void) {
  for (const struct tcp_pcb *one = tcp_active_pcbs; one != NULL; one = one->next) {
    if (one->local_port == local_port && one->remote_port == to->port) return true;
  }
  return false;
}

static void tell_failure(void) {
  console_begin("failed");
  tell_tuple();
  console_text("phase", phase == OPENING ? "open" : phase == SENDING ? "send" : "close");
  console_decimal("error", (uint32_t)-failure);
  console_decimal("ms", sys_now() - opened_ms);
  console_end();
}

static void watch(void) {
  if (active()) {
    if (sys_now() - opened_ms < limit_ms) return;
    for (struct tcp_pcb *one = tcp_active_pcbs; one != NULL; one = one->next) {
      if (one->local_port != local_port || one->remote_port != to->port) continue;
      tcp_abort(one);
      break;
    }
    pcb = NULL;
    failure = ERR_TIMEOUT;
  }
  if (failure != ERR_OK) tell_failure();
  console_begin("used");
  tell_tuple();
  console_hex("next", next);
  console_text("end", failure == ERR_OK ? "closed" : "cut-short");
  console_end();
  phase = AT_REST;
  if (connection % 4 == 0) connection_memory();
  next_in(gap_ticks);
}

/** The cable is out, or nobody is at its other end: once a second is enough. */
static void tell_no_answer(void) {
  static u32_t told_ms;
  if (sys_now() - told_ms < 1000) return;
  told_ms = sys_now();
  console_begin("no-answer");
  console_text("from", LWIP_DEVICE_GATEWAY);
  console_end();
}

static void poll_stack(void) {
  lwip_device_poll();
  isnkit_lwip_poll();
}

/** lwIP runs in an exception handler, as where its callbacks come from an interrupt. */
static bool in_handler;

void connections_continue(void) {
  if (in_handler) board_run_in_handler(poll_stack);
  else poll_stack();
  if (phase != AT_REST) {
    finish_sending();
    watch();
    return;
  }
  if (!running || (int32_t)(board_ticks(NULL) - due_ticks) < 0) return;
  // A SYN that waits for an address would be told before it is on the wire.
  if (lwip_device_linked()) connect();
  else tell_no_answer();
}

const char *connections_server(const console_command *command) {
  // The connection under way holds on to its row.
  if (running || phase != AT_REST) return "running";
  const char *address = console_value(command, "ra");
  if (address != NULL && memchr(address, ':', strcspn(address, " ")) != NULL) return "ipv4-only";
  return server_fill_in(command);
}

const char *connections_servers(const console_command *command) {
  return running || phase != AT_REST ? "running" : server_use_rows(command);
}

/** False when nobody of that name closes. */
static bool take_closes(const console_command *command) {
  if (console_value(command, "closes") == NULL) closes = AS_THE_ROW_SAYS;
  else if (console_is(command, "closes", "server")) closes = SERVER_FIRST;
  else if (console_is(command, "closes", "device")) closes = DEVICE_FIRST;
  else if (console_is(command, "closes", "either")) closes = EITHER_FIRST;
  else return false;
  return true;
}

/** False when there is no such point. */
static bool take_aborts(const console_command *command) {
  if (console_value(command, "aborts") == NULL) aborts = NEVER;
  else if (console_is(command, "aborts", "opened")) aborts = ONCE_OPENED;
  else if (console_is(command, "aborts", "connected")) aborts = ONCE_CONNECTED;
  else if (console_is(command, "aborts", "sending")) aborts = WHILE_SENDING;
  else return false;
  return true;
}

const char *connections_run(const console_command *command) {
  if (!connection_bytes_take(command)) return "bytes-0-to-200000";
  if (!take_closes(command)) return "closes-device-server-or-either";
  if (!take_aborts(command)) return "aborts-opened-connected-or-sending";
  in_handler = console_is(command, "stack", "handler");
  uint32_t count = 0;
  uint32_t gap_us = 0;
  uint32_t limit = LIMIT_MS;
  if (!console_number(command, "count", &count) || !console_number(command, "gap-us", &gap_us) ||
      !console_number(command, "limit-ms", &limit) ||
      !console_number(command, "from", &connection)) {
    return CONSOLE_NOT_A_NUMBER;
  }
  connections_left = count;
  endless = count == 0;
  gap_ticks = (uint32_t)((uint64_t)gap_us * board_ticks_hz / 1000000u);
  limit_ms = limit;
  due_ticks = board_ticks(NULL);
  running = true;
  return NULL;
}

void connections_stop(void) { running = false; }

const char *connections_listen(const console_command *command) {
  return campaign_server_listen(command);
}
