/**
 * The conformance application: the module on this board, driven over the console (docs/bench-arm.md).
 *
 *   do=start [clock=N] [entropy=stuck|varied]   boots the module; with `clock` the counter stands at N
 *                                 ticks, with `entropy` a made-up noise source stands in for the board's
 *   do=clock at=N | do=clock free=1   moves the scripted counter, or lets the real one run
 *   do=skip ms=N                  lets N milliseconds pass at once (at most a quarter wrap)
 *   do=call fn=isn4 a=1,2,3,4     calls an export of the module, all numbers as they are
 *   do=io hex=…                   fills the module's I/O buffer (IPv6 addresses, a key)
 *   do=provision key=… options=N  hands over the device's key; key=own: from the entropy source
 *   do=fault kind=N after=N bytes=N   makes the memory fail (nvm_fault.h)
 *   do=interrupt                  asks for an ISN inside an exception handler
 *   do=fingerprint                the key's short name; do=verdict: isnkit_syn4() of a fixed tuple
 *   do=watch-counter ms=N         reads the counter for N milliseconds; tells of steps back or ahead
 *   do=run count=N gap-us=N       opens N connections (0: for ever), each in three records
 *   do=stop, do=status, do=reset
 *
 * Every command is answered by one record with `re` set to the command's `id`.
 */
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "console.h"
#include "isnkit.h"
#include "nvm_fault.h"
#include "raw_call.h"
#include "runtime.h"

static bool clock_scripted;
static uint32_t scripted_ticks;
/** What `skip` has added to the real counter since the device started. */
static uint32_t skipped_ticks;

static uint32_t ticks(void *context) {
  return clock_scripted ? scripted_ticks : board_ticks(context) + skipped_ticks;
}

static isnkit_platform platform;

static uint32_t stuck_entropy(void *context, uint8_t *to, uint32_t bytes) {
  (void)context;
  memset(to, 0x5a, bytes);
  return bytes;
}

/** Passes health tests and is no secret: good enough to see that provisioning works. */
static uint32_t varied_entropy(void *context, uint8_t *to, uint32_t bytes) {
  static uint32_t state = 1;
  (void)context;
  for (uint32_t i = 0; i < bytes; i++) {
    state = state * 1664525u + 1013904223u;
    to[i] = (uint8_t)(state >> 24);
  }
  return bytes;
}

/** Lock hooks that only watch: the application has one task. */
static uint32_t locks;
static uint32_t lock_depth;
static uint32_t lock_faults;

static void lock(void *context) {
  (void)context;
  locks++;
  if (lock_depth++ != 0) lock_faults++;
}

static void unlock(void *context) {
  (void)context;
  if (lock_depth-- != 1) lock_faults++;
}

// Destinations that `run` connects to, in turn.

#define LOCAL4 0x0A4D0002u  // 10.77.0.2
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

/** Ports that the application binds are not the module's to allocate. */
#define RESERVED_PORTS {5000, 5003}
#define DESTINATIONS (sizeof destinations / sizeof *destinations)

static const uint8_t local6[16] = {0xfd, [15] = 2};
static const uint8_t remote6[16] = {0xfd, [15] = 1};

static uint16_t ask_port(const destination *to) {
  if (to->bound != 0) return to->bound;
  return to->address != 0 ? isnkit_port4(LOCAL4, to->address, to->port)
                          : isnkit_port6(local6, remote6, to->port);
}

static uint32_t ask_isn(const destination *to, uint16_t port) {
  return to->address != 0 ? isnkit_isn4(LOCAL4, port, to->address, to->port)
                          : isnkit_isn6(local6, port, remote6, to->port);
}

static uint32_t ask_timestamp(const destination *to, uint16_t port) {
  return to->address != 0 ? isnkit_timestamp4(LOCAL4, port, to->address, to->port)
                          : isnkit_timestamp6(local6, port, remote6, to->port);
}

static uint32_t report_progress(const destination *to, uint16_t port, uint32_t next) {
  return to->address != 0 ? isnkit_advance4(LOCAL4, port, to->address, to->port, next)
                          : isnkit_advance6(local6, port, remote6, to->port, next);
}

static uint32_t report_close(const destination *to, uint16_t port, uint32_t next) {
  const isnkit_end end = {.next = next, .peer_next = 1};
  return to->address != 0 ? isnkit_close4(LOCAL4, port, to->address, to->port, &end)
                          : isnkit_close6(local6, port, remote6, to->port, &end);
}

// Records.

static void tell_tuple(const destination *to, uint16_t port) {
  console_text("la", to->address != 0 ? "10.77.0.2" : "fd00::2");
  console_decimal("lp", port);
  console_text("ra", to->text);
  console_decimal("rp", to->port);
}

static void tell_refusal(const char *call) {
  const uint32_t reason = isnkit_reason();
  console_begin("refused");
  console_text("call", call);
  console_decimal("reason", reason);
  console_decimal("trap", isnkit_trap_code());
  console_decimal("nvm-error", isnkit_nvm_error());
  console_end();
}

static void tell_memory(void) {
  const uint32_t writes = isnkit_counter(ISNKIT_COUNTER_WRITES);
  const uint32_t wear = isnkit_counter(ISNKIT_COUNTER_WEAR);
  console_begin("nvm");
  console_decimal("writes", writes);
  console_decimal("erases", wear);
  console_end();
}

static void tell_state(const char *type, uint32_t id, isnkit_state state) {
  const uint32_t reason = isnkit_reason();
  const uint32_t boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  const uint32_t writes = isnkit_counter(ISNKIT_COUNTER_WRITES);
  const uint32_t quiet = isnkit_quiet_ms();
  console_begin(type);
  console_decimal("re", id);
  console_decimal("state", (uint32_t)state);
  console_decimal("reason", reason);
  console_decimal("boots", boots);
  console_text("cause", board_reset_cause());
  console_decimal("quiet-ms", quiet);
  console_decimal("writes", writes);
  console_decimal("trap", isnkit_trap_code());
  console_decimal("nvm-error", isnkit_nvm_error());
  console_decimal("arena", isnkit_runtime_arena_peak());
  console_decimal("locks", locks);
  console_decimal("lock-faults", lock_faults + lock_depth);
  console_end();
}

static void tell_done(uint32_t id, const char *why_not) {
  console_begin("done");
  console_decimal("re", id);
  console_decimal("ok", why_not == NULL);
  if (why_not != NULL) console_text("why", why_not);
  console_end();
}

static void hello(void) {
  const uint32_t first_ticks = board_ticks(NULL);
  console_begin("hello");
  console_text("board", board_name);
  console_text("app", "conformance");
  console_text("runtime", isnkit_runtime_name);
  console_text("cause", board_reset_cause());
  console_decimal("hz", board_ticks_hz);
  console_decimal("ticks", first_ticks);
  console_end();
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
  tell_refusal(call);
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
  if (connection % 4 == 0) tell_memory();
  connection++;
}

static void run_on(void) {
  if (!running) return;
  if ((int32_t)(board_ticks(NULL) - last_ticks - gap_ticks) < 0) return;
  last_ticks = board_ticks(NULL);
  connect();
  if (endless || --connections_left > 0) return;
  running = false;
  console_begin("run-over");
  console_end();
}

// Commands.

static void start(const console_command *command, uint32_t id) {
  if (console_value(command, "clock") != NULL) {
    clock_scripted = true;
    scripted_ticks = console_number(command, "clock", 0);
  }
  platform = (isnkit_platform){.nvm = nvm_with_faults,
                               .ticks = ticks,
                               .ticks_hz = board_ticks_hz,
                               .lock = lock,
                               .unlock = unlock,
                               .entropy = board_entropy};
  if (console_is(command, "entropy", "stuck")) platform.entropy = stuck_entropy;
  if (console_is(command, "entropy", "varied")) platform.entropy = varied_entropy;
  static isnkit_config config;
  config = (isnkit_config){.reserved = {RESERVED_PORTS},
                           .policy = console_number(command, "policy", 0),
                           .msl_ms = console_number(command, "msl-ms", 0)};
  const isnkit_state state = isnkit_start(&platform, &config);
  tell_state("boot", id, state);
}

static void set_clock(const console_command *command, uint32_t id) {
  clock_scripted = console_value(command, "free") == NULL;
  scripted_ticks = console_number(command, "at", scripted_ticks);
  tell_done(id, NULL);
}

static void skip(const console_command *command, uint32_t id) {
  const uint64_t passed = (uint64_t)console_number(command, "ms", 0) * board_ticks_hz / 1000u;
  // The module takes a larger step for a counter that ran backwards.
  if (passed >= UINT32_MAX / 4) return tell_done(id, "too-long");
  skipped_ticks += (uint32_t)passed;
  tell_state("status", id, isnkit_poll());
}

static void raw_call(const console_command *command, uint32_t id) {
  uint32_t arguments[ISNKIT_ARGUMENTS_MAX] = {0};
  uint32_t value = 0;
  console_numbers(command, "a", arguments, ISNKIT_ARGUMENTS_MAX);
  const char *name = console_value(command, "fn");
  if (name == NULL || !isnkit_raw_call(name, arguments, &value)) {
    return tell_done(id, "no-such-function");
  }
  console_begin("value");
  console_decimal("re", id);
  console_hex("v", value);
  console_decimal("trap", isnkit_runtime_trap);
  console_end();
}

static void fill_io(const console_command *command, uint32_t id) {
  uint8_t *memory = isnkit_runtime_memory();
  if (memory == NULL) return tell_done(id, "no-module");
  uint8_t *io = memory + isnkit_rt_ioBuffer();
  if (console_octets(command, "hex", io, 32) || console_octets(command, "hex", io, 16)) {
    return tell_done(id, NULL);
  }
  tell_done(id, "hex-of-16-or-32-bytes");
}

static void provision(const console_command *command, uint32_t id) {
  uint8_t key[16] = {0};
  const uint32_t options = console_number(command, "options", 0);
  const bool own = console_is(command, "key", "own");
  if (!own && !console_octets(command, "key", key, sizeof key)) {
    return tell_done(id, "key-of-16-bytes");
  }
  const uint32_t done =
      own ? isnkit_provision_from_entropy(options) : isnkit_provision(key, options);
  memset(key, 0, sizeof key);
  if (done) return tell_state("status", id, isnkit_current_state());
  tell_refusal("provision");
  tell_done(id, "refused");
}

static void set_fault(const console_command *command, uint32_t id) {
  nvm_fault_set((nvm_fault_kind)console_number(command, "kind", 0),
                console_number(command, "after", 0), console_number(command, "bytes", 0));
  tell_done(id, NULL);
}

static void run(const console_command *command, uint32_t id) {
  connections_left = console_number(command, "count", 0);
  endless = connections_left == 0;
  const uint32_t gap_us = console_number(command, "gap-us", 0);
  gap_ticks = (uint32_t)((uint64_t)gap_us * board_ticks_hz / 1000000u);
  last_ticks = board_ticks(NULL) - gap_ticks;
  running = true;
  tell_done(id, NULL);
}

static uint32_t value_in_handler;
static uint32_t reason_in_handler;

static void ask_in_handler(void) {
  value_in_handler = isnkit_isn4(LOCAL4, 1, 2, 3);
  reason_in_handler = isnkit_reason();
}

static void tell_value(uint32_t id, uint32_t value, uint32_t reason) {
  console_begin("value");
  console_decimal("re", id);
  console_hex("v", value);
  console_decimal("reason", reason);
  console_decimal("trap", isnkit_trap_code());
  console_end();
}

static void interrupt(uint32_t id) {
  board_run_in_handler(ask_in_handler);
  tell_value(id, value_in_handler, reason_in_handler);
}

static void fingerprint(uint32_t id) {
  const uint32_t value = isnkit_fingerprint();
  tell_value(id, value, isnkit_reason());
}

static void verdict(uint32_t id) {
  const uint32_t value = isnkit_syn4(LOCAL4, 1, 2, 3, 4, 5, 0);
  tell_value(id, value, isnkit_reason());
}

/** A counter that is read wrongly at its wrap jumps by the whole period, or back by it. */
static void watch_counter(const console_command *command, uint32_t id) {
  const uint32_t span = console_number(command, "ms", 1000) * (board_ticks_hz / 1000u);
  const uint32_t start = board_ticks(NULL);
  uint32_t last = start;
  uint32_t reads = 0;
  uint32_t longest = 0;
  while (last - start < span) {
    const uint32_t now = board_ticks(NULL);
    if (now - last > longest) longest = now - last;
    last = now;
    reads++;
  }
  console_begin("counter");
  console_decimal("re", id);
  console_decimal("reads", reads);
  console_decimal("longest-step", longest);
  console_end();
}

static void obey(const console_command *command) {
  const uint32_t id = console_number(command, "id", 0);
  if (console_is(command, "do", "call")) raw_call(command, id);
  else if (console_is(command, "do", "clock")) set_clock(command, id);
  else if (console_is(command, "do", "skip")) skip(command, id);
  else if (console_is(command, "do", "io")) fill_io(command, id);
  else if (console_is(command, "do", "start")) start(command, id);
  else if (console_is(command, "do", "provision")) provision(command, id);
  else if (console_is(command, "do", "fault")) set_fault(command, id);
  else if (console_is(command, "do", "run")) run(command, id);
  else if (console_is(command, "do", "status")) tell_state("status", id, isnkit_current_state());
  else if (console_is(command, "do", "interrupt")) interrupt(id);
  else if (console_is(command, "do", "watch-counter")) watch_counter(command, id);
  else if (console_is(command, "do", "fingerprint")) fingerprint(id);
  else if (console_is(command, "do", "verdict")) verdict(id);
  else if (console_is(command, "do", "reset")) board_reset();
  else if (console_is(command, "do", "stop")) {
    running = false;
    tell_done(id, NULL);
  } else {
    tell_done(id, "no-such-command");
  }
}

int main(void) {
  static console_command command;
  board_init();
  hello();
  for (;;) {
    if (console_poll(&command)) obey(&command);
    // A scripted counter stands still, so there is nothing to follow.
    if (!clock_scripted) isnkit_poll();
    run_on();
  }
}
