/**
 * The conformance application: the module on this board, driven over the console (docs/bench-arm.md).
 *
 *   do=start [clock=N] [entropy=stuck|varied] [handlers=allowed]   boots the module; with `clock` the counter
 *                                 stands at N ticks, with `entropy` a made-up noise source stands in for the
 *                                 board's, with `handlers` calls from exception handlers are not refused
 *   do=clock at=N | do=clock free=1   moves the scripted counter, or lets the real one run
 *   do=skip ms=N                  lets N milliseconds pass at once (at most a quarter wrap)
 *   do=speed times=N              lets the counter, and lwIP's clock, run N times as fast
 *   do=call fn=isn4 a=1,2,3,4     calls an export of the module, all numbers as they are
 *   do=io hex=…                   fills the module's I/O buffer (IPv6 addresses, a key)
 *   do=provision key=… options=N  hands over the device's key; key=own: from the entropy source
 *   do=fault kind=N after=N bytes=N   makes the memory fail (nvm_fault.h); count=N: so many programs
 *   do=interrupt                  asks for an ISN inside an exception handler
 *   do=fingerprint                the key's short name; do=verdict: isnkit_syn4() of a fixed tuple
 *   do=watch-counter ms=N         reads the counter for N milliseconds; tells of steps back or ahead
 *   do=run count=N gap-us=N       opens N connections (0: for ever), each in three records; where the
 *                                 build has a network these are real, and given up after limit-ms=N
 *      bytes=N[,M] from=N         what each sends, and the server to begin with
 *      closes=W aborts=W stack=handler   on a network: who ends it, and where lwIP runs
 *   do=server i=N ra=ADDRESS rp=PORT [lp=PORT]   a row of the table of servers, and
 *   do=servers count=N            how many rows `run` calls in turn (server_table.h)
 *   do=listen port=N              on a network: serves connections from outside as well
 *   do=mark                       marks this instant on the network, for who reads its recording
 *   do=stop, do=status, do=reset
 *   do=about [image=1]            firmware, module and slot; with `image` the firmware's own hash
 *   on boards with slots for modules also the commands of module_update.h
 *
 * Every command is answered by one record with `re` set to the command's `id`.
 */
#include <stddef.h>
#include <string.h>

#include "about.h"
#include "board.h"
#include "conformance_connections.h"
#include "connection_records.h"
#include "console.h"
#include "isnkit.h"
#ifdef ISNKIT_MODULE_SLOTS
#include "module_update.h"
#endif
#include "nvm_fault.h"
#include "raw_call.h"
#include "runtime.h"
#include "scaled_clock.h"
#include "test_entropy.h"

static bool clock_scripted;
static uint32_t scripted_ticks;
/** What `skip` has added to the real counter since the device started. */
static uint32_t skipped_ticks;

static uint32_t ticks(void *context) {
  (void)context;
  return clock_scripted ? scripted_ticks : scaled_clock_ticks() + skipped_ticks;
}

static isnkit_platform platform;

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

/** For a device whose stack runs in a handler; it has one thing at a time to do, so nothing needs keeping apart. */
static bool nowhere(void *context) {
  (void)context;
  return false;
}

// Records.

static void tell_state(const char *type, uint32_t id, isnkit_state state) {
  const uint32_t reason = isnkit_reason();
  const uint32_t boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  const uint32_t writes = isnkit_counter(ISNKIT_COUNTER_WRITES);
  const uint32_t quiet = isnkit_quiet_ms();
  const uint32_t fingerprint = isnkit_fingerprint();
  console_begin(type);
  console_decimal("re", id);
  console_decimal("state", (uint32_t)state);
  console_decimal("reason", reason);
  console_decimal("boots", boots);
  console_text("cause", board_reset_cause());
  console_decimal("quiet-ms", quiet);
  console_decimal("writes", writes);
  console_hex("fingerprint", fingerprint);
  console_decimal("trap", isnkit_trap_code());
  console_decimal("nvm-error", isnkit_nvm_error());
  console_decimal("arena", isnkit_runtime_arena_least());
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

static const about_module *running(void) {
#ifdef ISNKIT_MODULE_SLOTS
  return module_update_running();
#else
  return &about_built_in;
#endif
}

static void tell_about(const console_command *command, uint32_t id) {
  uint32_t image = 0;
  if (!console_number(command, "image", &image)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
  const isnkit_state state = isnkit_current_state();
  const uint32_t boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  const uint32_t abi = state == ISNKIT_OFF ? 0 : isnkit_rt_version();
  console_begin("about");
  console_decimal("re", id);
  console_text("board", board_name);
  console_text("runtime", isnkit_runtime_name);
  about_fields(running(), 32);
  console_hex("abi", abi);
  console_decimal("state", (uint32_t)state);
  console_decimal("boots", boots);
  console_text("cause", board_reset_cause());
#ifdef ISNKIT_MODULE_SLOTS
  module_update_fields();
#endif
  if (image != 0) about_image();
  console_end();
}

static void hello(void) {
  const uint32_t first_ticks = board_ticks(NULL);
  console_begin("hello");
  console_text("board", board_name);
  console_text("app", "conformance");
  console_text("net", connections_network);
  console_text("runtime", isnkit_runtime_name);
  console_text("cause", board_reset_cause());
  console_decimal("hz", board_ticks_hz);
  console_decimal("ticks", first_ticks);
  about_fields(running(), 8);
  console_end();
}

// Commands.

static isnkit_config config;

static void start(const console_command *command, uint32_t id) {
  uint32_t policy = 0;
  uint32_t msl_ms = 0;
  if (!console_number(command, "clock", &scripted_ticks) ||
      !console_number(command, "policy", &policy) || !console_number(command, "msl-ms", &msl_ms)) {
    return tell_done(id, CONSOLE_NOT_A_NUMBER);
  }
  if (console_value(command, "clock") != NULL) clock_scripted = true;
  platform = (isnkit_platform){.nvm = nvm_with_faults,
                               .ticks = ticks,
                               .ticks_hz = board_ticks_hz,
                               .lock = lock,
                               .unlock = unlock,
                               .entropy = board_entropy};
  if (console_is(command, "handlers", "allowed")) platform.in_interrupt = nowhere;
  if (console_is(command, "entropy", "stuck")) platform.entropy = test_entropy_stuck;
  if (console_is(command, "entropy", "varied")) platform.entropy = test_entropy_varied;
  config = (isnkit_config){.reserved = {CONNECTIONS_RESERVED_PORTS},
                           .policy = policy,
                           .msl_ms = msl_ms};
  const isnkit_state state = isnkit_start(&platform, &config);
  tell_state("boot", id, state);
}

static void set_clock(const console_command *command, uint32_t id) {
  if (!console_number(command, "at", &scripted_ticks)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
  clock_scripted = console_value(command, "free") == NULL;
  tell_done(id, NULL);
}

static void skip(const console_command *command, uint32_t id) {
  uint32_t ms = 0;
  if (!console_number(command, "ms", &ms)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
  const uint64_t passed = (uint64_t)ms * board_ticks_hz / 1000u;
  // The module takes a larger step for a counter that ran backwards.
  if (passed >= UINT32_MAX / 4) return tell_done(id, "too-long");
  skipped_ticks += (uint32_t)passed;
  tell_state("status", id, isnkit_poll());
}

static void set_speed(const console_command *command, uint32_t id) {
  uint32_t times = 0;
  if (!console_number(command, "times", &times)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
  if (times < 1 || times > SCALED_CLOCK_MOST) return tell_done(id, "times-1-to-100");
  scaled_clock_run(times);
  tell_done(id, NULL);
}

static void raw_call(const console_command *command, uint32_t id) {
  uint32_t arguments[ISNKIT_ARGUMENTS_MAX] = {0};
  uint32_t value = 0;
  uint32_t count;
  if (!console_numbers(command, "a", arguments, ISNKIT_ARGUMENTS_MAX, &count)) {
    return tell_done(id, CONSOLE_NOT_A_NUMBER);
  }
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
  uint32_t options = 0;
  if (!console_number(command, "options", &options)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
#ifdef ISNKIT_MODULE_SLOTS
  if (!module_update_may_be_new()) options &= ~ISNKIT_PROVISION_NEW_DEVICE;
#endif
  const bool own = console_is(command, "key", "own");
  if (!own && !console_octets(command, "key", key, sizeof key)) {
    return tell_done(id, "key-of-16-bytes");
  }
  const uint32_t done =
      own ? isnkit_provision_from_entropy(options) : isnkit_provision(key, options);
  memset(key, 0, sizeof key);
  if (done) return tell_state("status", id, isnkit_current_state());
  connection_refused("provision");
  tell_done(id, "refused");
}

static void set_fault(const console_command *command, uint32_t id) {
  uint32_t kind = 0;
  uint32_t after = 0;
  uint32_t amount = 0;
  if (!console_number(command, "kind", &kind) || !console_number(command, "after", &after) ||
      !console_number(command, kind == NVM_FAULT_TORN ? "bytes" : "count", &amount)) {
    return tell_done(id, CONSOLE_NOT_A_NUMBER);
  }
  nvm_fault_set((nvm_fault_kind)kind, after, amount);
  tell_done(id, NULL);
}

static uint32_t value_in_handler;
static uint32_t reason_in_handler;

static void ask_in_handler(void) {
  value_in_handler = isnkit_isn4(CONNECTIONS_LOCAL, 1, 2, 3);
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

static void tell_fingerprint(uint32_t id) {
  const uint32_t value = isnkit_fingerprint();
  tell_value(id, value, isnkit_reason());
}

static void verdict(uint32_t id) {
  const uint32_t value = isnkit_syn4(CONNECTIONS_LOCAL, 1, 2, 3, 4, 5, 0);
  tell_value(id, value, isnkit_reason());
}

/** A counter that is read wrongly at its wrap jumps by the whole period, or back by it. */
static void watch_counter(const console_command *command, uint32_t id) {
  uint32_t ms = 1000;
  if (!console_number(command, "ms", &ms)) return tell_done(id, CONSOLE_NOT_A_NUMBER);
  const uint32_t span = ms * (board_ticks_hz / 1000u);
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
  uint32_t id = 0;
  if (!console_number(command, "id", &id)) return console_complain("id-" CONSOLE_NOT_A_NUMBER);
#ifdef ISNKIT_MODULE_SLOTS
  if (module_update_obey(command, id, &config)) return;
#endif
  if (console_is(command, "do", "call")) raw_call(command, id);
  else if (console_is(command, "do", "clock")) set_clock(command, id);
  else if (console_is(command, "do", "skip")) skip(command, id);
  else if (console_is(command, "do", "speed")) set_speed(command, id);
  else if (console_is(command, "do", "io")) fill_io(command, id);
  else if (console_is(command, "do", "start")) start(command, id);
  else if (console_is(command, "do", "provision")) provision(command, id);
  else if (console_is(command, "do", "fault")) set_fault(command, id);
  else if (console_is(command, "do", "run")) {
    tell_done(id, connections_run(command));
  }
  else if (console_is(command, "do", "server")) tell_done(id, connections_server(command));
  else if (console_is(command, "do", "servers")) tell_done(id, connections_servers(command));
  else if (console_is(command, "do", "listen")) tell_done(id, connections_listen(command));
  else if (console_is(command, "do", "status")) tell_state("status", id, isnkit_current_state());
  else if (console_is(command, "do", "interrupt")) interrupt(id);
  else if (console_is(command, "do", "watch-counter")) watch_counter(command, id);
  else if (console_is(command, "do", "fingerprint")) tell_fingerprint(id);
  else if (console_is(command, "do", "verdict")) verdict(id);
  else if (console_is(command, "do", "about")) tell_about(command, id);
  else if (console_is(command, "do", "reset")) board_reset();
  else if (console_is(command, "do", "mark")) {
    connections_mark();
    tell_done(id, NULL);
  }
  else if (console_is(command, "do", "stop")) {
    connections_stop();
    tell_done(id, NULL);
  } else {
    tell_done(id, "no-such-command");
  }
}

int main(void) {
  static console_command command;
  board_init();
  connections_begin();
#ifdef ISNKIT_MODULE_SLOTS
  module_update_boot();
#endif
  hello();
  for (;;) {
#ifdef ISNKIT_MODULE_SLOTS
    module_update_continue();
#endif
    if (console_poll(&command)) obey(&command);
    // A scripted counter stands still, so there is nothing to follow.
    if (!clock_scripted) isnkit_poll();
    connections_continue();
  }
}
