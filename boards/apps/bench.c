/**
 * Counts what the kit costs, in an emulator that runs one instruction a nanosecond (QEMU's
 * -icount shift=0): the counter is then a count of instructions, five a tick at 200 MHz. Every figure is
 * the time between two reads of the counter, less that of an empty pair.
 */
#include <stddef.h>

#include "bench_siphash.h"
#include "board.h"
#include "console.h"
#include "isnkit.h"
#include "runtime.h"

#define SAMPLES 64u
#define LOCAL 0x0A4D0002u
#define SERVER 0x0A4D0001u

static uint32_t samples[SAMPLES];
static volatile uint32_t sink;

static isnkit_platform platform;

static void sort(uint32_t *values, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    const uint32_t value = values[i];
    uint32_t at = i;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
}

static uint32_t empty_pair;

static void tell(const char *what, uint32_t count) {
  sort(samples, count);
  console_begin("bench");
  console_text("what", what);
  console_decimal("least", samples[0] - empty_pair);
  console_decimal("median", samples[count / 2] - empty_pair);
  console_decimal("most", samples[count - 1] - empty_pair);
  console_end();
}

/** Runs an expression SAMPLES times, `i` counting; `then` after each, outside of what is counted. */
#define MEASURE_THEN(what, expression, then)             \
  do {                                                   \
    for (uint32_t i = 0; i < SAMPLES; i++) {             \
      const uint32_t start = board_ticks(NULL);          \
      sink = (expression);                               \
      samples[i] = board_ticks(NULL) - start;            \
      then;                                              \
    }                                                    \
    tell(what, SAMPLES);                                 \
  } while (0)
#define MEASURE(what, expression) MEASURE_THEN(what, expression, (void)0)

static uint32_t start_again(uint32_t i) {
  (void)i;
  return (uint32_t)isnkit_start(&platform, NULL);
}

/** Closes the connection of the port that was just given. */
static void close_port(void) {
  const uint16_t port = (uint16_t)sink;
  const isnkit_end end = {.next = isnkit_isn4(LOCAL, port, SERVER, 25) + 2, .peer_next = 1};
  isnkit_close4(LOCAL, port, SERVER, 25, &end);
}

/** What a device does between two ISNs: a port, timestamps, a poll, the end of a connection. */
static void rest_of_connection(void) {
  sink = isnkit_port4(LOCAL, SERVER, 25);
  const uint16_t port = (uint16_t)sink;
  isnkit_timestamp4(LOCAL, port, SERVER, 25);
  isnkit_poll();
  sink = port;
  close_port();
}

static uint32_t native_hash(uint32_t i) {
  static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  // As long as the message that an IPv4 ISN hashes: 12 bytes of tuple, a label of three, and the length.
  const uint64_t message[2] = {i, (uint64_t)15 << 56};
  return (uint32_t)bench_siphash24(key, message, 2);
}

static void measure(void) {
  empty_pair = 0;
  MEASURE("empty", 0);
  empty_pair = samples[0];
  MEASURE("siphash-native", native_hash(i));
  MEASURE("call", isnkit_rt_version());
  MEASURE("isn4", isnkit_isn4(LOCAL, 5000, SERVER, (uint16_t)(i + 1)));
  MEASURE("timestamp4", isnkit_timestamp4(LOCAL, 5000, SERVER, (uint16_t)(i + 1)));
  // One in sixteen of these renews a lease, which is a record in the memory.
  MEASURE_THEN("port4", isnkit_port4(LOCAL, SERVER, 25), close_port());
  MEASURE("poll", isnkit_poll());
  MEASURE_THEN("isn4-in-turn", isnkit_isn4(LOCAL, 5000, SERVER, (uint16_t)(i + 1)),
               rest_of_connection());
  // Each start adds a record, so the journal fills and turns over its sectors on the way.
  MEASURE("start", start_again(i));
}

int main(void) {
  static const uint8_t key[16] = {1, 2, 3};
  board_init();
  console_begin("hello");
  console_text("board", board_name);
  console_text("app", "bench");
  console_text("runtime", isnkit_runtime_name);
  console_end();
  platform = (isnkit_platform){.nvm = board_nvm,
                               .ticks = board_ticks,
                               .ticks_hz = board_ticks_hz,
                               .entropy = board_entropy};
  isnkit_start(&platform, NULL);
  isnkit_provision(key, ISNKIT_PROVISION_NEW_DEVICE);
  measure();
  console_begin("bench-over");
  console_decimal("state", (uint32_t)isnkit_current_state());
  console_decimal("boots", isnkit_counter(ISNKIT_COUNTER_BOOTS));
  console_decimal("arena", isnkit_runtime_arena_least());
  console_decimal("hz", board_ticks_hz);
  console_end();
  for (;;) {
  }
}
