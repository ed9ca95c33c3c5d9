#include "module_trial.h"

#include <stddef.h>
#include <string.h>

#include "nvm_ram.h"
#include "runtime.h"

/** The ABI that this kit speaks, docs/abi.md. */
#define ABI_MAJOR 1u

static uint8_t cells[MODULE_REHEARSAL_BYTES];
static nvm_ram memory;

static uint32_t now;
static uint32_t standing_ticks(void *context) {
  (void)context;
  return now;
}

static isnkit_platform platform;

static isnkit_state start(const isnkit_module *module, const isnkit_config *config) {
  platform = (isnkit_platform){
      .nvm = {&nvm_ram_driver, &memory}, .ticks = standing_ticks, .ticks_hz = 1000000};
  now = 1000;
  isnkit_runtime_select(module);
  return isnkit_start(&platform, config);
}

static const char *start_failure(void) {
  return isnkit_reason() == ISNKIT_REASON_IMAGE ? "abi" : "start";
}

// Known answers: key 00 … 0f, ports 49152 and 49153 of 10.77.0.2 (2001:db8::2) to port 25 of 10.77.0.1
// (2001:db8::1). The differences are those of the low words of SipHash-2-4; the tests compute them anew.
#define FINGERPRINT 0xdd0e0e31u
#define ISN_DIFFERENCE 0x02f9a303u
#define ISN6_DIFFERENCE 0x0b11c3aeu
#define TIMESTAMP_DIFFERENCE 0xa153a0edu
/** Each ISN takes a tick or a few of the clock. */
#define TICKS_BETWEEN_MAX 64u

#define LOCAL 0x0A4D0002u
#define REMOTE 0x0A4D0001u
#define PORT_A 49152u
#define PORT_B 49153u
#define SERVICE 25u
static const uint8_t local6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};
static const uint8_t remote6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};

static bool is_behind(uint32_t later, uint32_t earlier, uint32_t difference) {
  const uint32_t ticks = later - earlier - difference;
  return later != 0 && ticks >= 1 && ticks <= TICKS_BETWEEN_MAX;
}

static const char *test_numbers(uint32_t *first) {
  const uint32_t a = isnkit_isn4(LOCAL, PORT_A, REMOTE, SERVICE);
  const uint32_t b = isnkit_isn4(LOCAL, PORT_B, REMOTE, SERVICE);
  const uint32_t c = isnkit_isn6(local6, PORT_A, remote6, SERVICE);
  if (a == 0 || !is_behind(b, a, ISN_DIFFERENCE)) return "isn4";
  if (!is_behind(c, b, ISN6_DIFFERENCE)) return "isn6";
  const uint32_t stamp_a = isnkit_timestamp4(LOCAL, PORT_A, REMOTE, SERVICE);
  const uint32_t stamp_b = isnkit_timestamp4(LOCAL, PORT_B, REMOTE, SERVICE);
  // A millisecond may end between the two.
  const uint32_t step = stamp_b - stamp_a - TIMESTAMP_DIFFERENCE;
  if (stamp_a == 0 || stamp_b == 0 || step > 1) return "timestamp4";
  *first = a;
  return NULL;
}

static const char *test_ports(void) {
  uint16_t given[8];
  for (unsigned i = 0; i < 8; i++) {
    given[i] = isnkit_port4(LOCAL, REMOTE, SERVICE);
    if (given[i] < 1024) return "port4";
    for (unsigned other = 0; other < i; other++) {
      if (given[other] == given[i]) return "port4";
    }
  }
  return NULL;
}

static const char *test_time_wait(uint32_t isn) {
  const isnkit_end end = {.next = isn + 1000, .peer_next = 5000};
  if (!isnkit_close4(LOCAL, PORT_A, REMOTE, SERVICE, &end)) return "close4";
  if (isnkit_syn4(LOCAL, PORT_A, REMOTE, SERVICE, 6000, 0, ISNKIT_SEGMENT_RST) !=
          ISNKIT_VERDICT_DROP ||
      isnkit_syn4(LOCAL, PORT_A, REMOTE, SERVICE, 4000, 0, 0) != ISNKIT_VERDICT_CHALLENGE ||
      isnkit_syn4(LOCAL, PORT_A, REMOTE, SERVICE, 6000, 0, 0) != ISNKIT_VERDICT_ACCEPT) {
    return "syn4";
  }
  return NULL;
}

const char *module_self_test(const isnkit_module *candidate, void (*alive)(void)) {
  static const isnkit_nvm_geometry small = {ISNKIT_NVM_EEPROM, 512, 4, 4};
  static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  nvm_ram_blank(&memory, &small, cells, sizeof cells);
  alive();
  if (start(candidate, NULL) != ISNKIT_UNPROVISIONED) return start_failure();
  if (isnkit_rt_version() >> 16 != ABI_MAJOR) return "abi";
  alive();
  if (!isnkit_provision(key, ISNKIT_PROVISION_NEW_DEVICE)) return "provision";
  if (isnkit_current_state() != ISNKIT_READY) return "provision";
  if (isnkit_fingerprint() != FINGERPRINT) return "fingerprint";
  uint32_t isn = 0;
  const char *why = test_numbers(&isn);
  if (why == NULL) why = test_ports();
  if (why == NULL) why = test_time_wait(isn);
  if (why != NULL) return why;
  const uint32_t boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  alive();
  if (start(candidate, NULL) != ISNKIT_READY) return "restart";
  if (isnkit_counter(ISNKIT_COUNTER_BOOTS) != boots + 1) return "restart";
  if (isnkit_fingerprint() != FINGERPRINT) return "restart";
  const uint32_t ahead = isnkit_isn4(LOCAL, PORT_A, REMOTE, SERVICE) - isn;
  return ahead > 1000 && ahead < 0x80000000u ? NULL : "restart";
}

typedef struct life {
  isnkit_state state;
  uint32_t boots;
  uint32_t fingerprint;
  /** Of a tuple that no device has; 0 unless READY. */
  uint32_t isn;
} life;

static life live(const isnkit_module *module, const isnkit_config *config) {
  life seen = {.state = start(module, config)};
  seen.boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  seen.fingerprint = isnkit_fingerprint();
  seen.isn = isnkit_isn4(1, 1, 1, 1);
  return seen;
}

static bool follows(const life *later, const life *earlier) {
  if (later->state != earlier->state || later->fingerprint != earlier->fingerprint) return false;
  // Without a key no boot is counted.
  if (earlier->state == ISNKIT_READY && later->boots != earlier->boots + 1) return false;
  if (earlier->isn == 0) return later->isn == 0;
  const uint32_t ahead = later->isn - earlier->isn;
  return later->isn != 0 && ahead != 0 && ahead < 0x80000000u;
}

static const char *rehearse(const isnkit_module *candidate, const isnkit_module *running,
                            const isnkit_config *config, void (*alive)(void)) {
  const life before = live(running, config);
  alive();
  const life with_new = live(candidate, config);
  if (!follows(&with_new, &before)) return "rehearsal";
  alive();
  const life back = live(running, config);
  return follows(&back, &with_new) ? NULL : "rehearsal-back";
}

const char *module_rehearse(const isnkit_module *candidate, const isnkit_module *running,
                            const isnkit_nvm *journal, const isnkit_config *config,
                            void (*alive)(void)) {
  if (!nvm_ram_copy(&memory, journal, cells, sizeof cells)) return "journal";
  const char *why = rehearse(candidate, running, config, alive);
  // The copy holds the key.
  memset(cells, 0, sizeof cells);
  return why;
}
