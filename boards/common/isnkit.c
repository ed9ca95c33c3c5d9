#include "isnkit.h"

#include <stddef.h>
#include <string.h>

#include "runtime.h"

/** On the path of every call, so worth a few bytes where it is used twice. */
#define INLINE inline __attribute__((always_inline))
/** Off it, and used twice. */
#define NOINLINE __attribute__((noinline))

/** In one place, so that a function needs one address for all of it. */
static struct {
  /** NULL until the first start. */
  const isnkit_platform *platform;
  /** A reason of the kit's own that stands above the module's; 0 while the module runs. */
  uint32_t fault;
  uint32_t nvm_error;
  /** The module's I/O buffer. */
  uint8_t *io;
} kit;

static INLINE bool in_interrupt(const isnkit_platform *platform) {
  if (platform != NULL && platform->in_interrupt != NULL) {
    return platform->in_interrupt(platform->context);
  }
#if defined(__arm__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
  // ARMv7-M ARM B1.4.2: IPSR holds the exception number, 0 in thread mode.
  uint32_t ipsr;
  __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
  return ipsr != 0;
#else
  return false;
#endif
}

static INLINE void lock(void) {
  if (kit.platform->lock != NULL) kit.platform->lock(kit.platform->context);
}

static INLINE void unlock(void) {
  if (kit.platform->unlock != NULL) kit.platform->unlock(kit.platform->context);
}

static NOINLINE uint32_t start(const isnkit_config *config);

/** Notes that the last call of the module ended in a trap. Returns 0. */
static NOINLINE uint32_t trapped(void) {
  kit.fault = isnkit_runtime_trap == ISNKIT_TRAP_IMAGE ? ISNKIT_REASON_IMAGE : ISNKIT_REASON_TRAP;
  return 0;
}

/** The value of the last call of the module, or 0 after a trap. */
static INLINE uint32_t checked(uint32_t value) {
  return isnkit_runtime_trap == ISNKIT_TRAP_NONE ? value : trapped();
}

/** Puts 16 bytes, and 16 more unless NULL, into the I/O buffer. */
static NOINLINE void put_io(const uint8_t *first, const uint8_t *second) {
  memcpy(kit.io, first, 16);
  if (second != NULL) memcpy(kit.io + 16, second, 16);
}

/**
 * The one way into the module: under the lock, from no interrupt, and not after a fault. `first` and
 * `second`, unless NULL, are 16 bytes each for its I/O buffer. Without a function it is started, with the
 * configuration that `given` points to in place of arguments. Returns 0 when refused.
 */
static uint32_t call_with(isnkit_export *function, const void *given, const uint8_t *first,
                          const uint8_t *second) {
  uint32_t value = 0;
  if (kit.platform == NULL || in_interrupt(kit.platform)) return 0;
  lock();
  if (function == NULL) {
    value = checked(start(given));
  } else if (kit.fault == ISNKIT_REASON_NONE) {
    if (first != NULL) put_io(first, second);
    value = checked(isnkit_runtime_call(function, given));
  }
  unlock();
  return value;
}

static uint32_t call(isnkit_export *function, const uint32_t *arguments) {
  return call_with(function, arguments, NULL, NULL);
}

/** The arguments of a call. */
#define GIVEN(...) ((const uint32_t[]){__VA_ARGS__})

// What the module asks of its board.

static uint32_t noted(uint32_t code) {
  if (code != 0) kit.nvm_error = code;
  return code;
}

uint32_t isnkit_import_read(uint32_t offset, uint8_t *to, uint32_t bytes) {
  return noted(kit.platform->nvm.driver->read(kit.platform->nvm.device, offset, to, bytes));
}

uint32_t isnkit_import_program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  return noted(kit.platform->nvm.driver->program(kit.platform->nvm.device, offset, from, bytes));
}

uint32_t isnkit_import_erase(uint32_t sector) {
  return noted(kit.platform->nvm.driver->erase(kit.platform->nvm.device, sector));
}

uint32_t isnkit_import_entropy(uint8_t *to, uint32_t bytes) {
  if (kit.platform->entropy == NULL) return 0;
  return kit.platform->entropy(kit.platform->context, to, bytes);
}

uint32_t isnkit_import_ticks(void) { return kit.platform->ticks(kit.platform->context); }

// Start.

static uint32_t or_default(uint32_t value, uint32_t standard) {
  return value == 0 ? standard : value;
}

static bool reserve_ports(const isnkit_port_range *ranges) {
  for (unsigned i = 0; i < 8 && ranges[i].last != 0; i++) {
    if (!isnkit_rt_reservePorts(ranges[i].first, ranges[i].last)) return false;
  }
  return true;
}

// Geometry and configuration as words: they lie as the module's setters take them, but for the ports.

typedef union storage_words {
  isnkit_nvm_geometry geometry;
  uint32_t words[4];
} storage_words;

typedef union config_words {
  isnkit_config config;
  uint32_t words[sizeof(isnkit_config) / 4];
} config_words;

#define LEASES (offsetof(isnkit_config, lease_first_ticks) / 4)
#define POLICY (offsetof(isnkit_config, policy) / 4)
_Static_assert(POLICY - LEASES == 4 && offsetof(isnkit_nvm_geometry, sector_bytes) == 4,
               "the order of the setters' arguments");

static bool configure(config_words *given, storage_words *storage) {
  static const uint32_t standard[] = {1u << 20, 1u << 26, 1u << 18, 16, 0, 120000};
  for (unsigned i = 0; i < sizeof standard / sizeof *standard; i++) {
    given->words[LEASES + i] = or_default(given->words[LEASES + i], standard[i]);
  }
  // An enumeration may be shorter than a word.
  storage->words[0] = storage->geometry.kind;
  return isnkit_runtime_call(isnkit_export_configureStorage, storage->words) &&
         isnkit_rt_configureClock(kit.platform->ticks_hz) &&
         isnkit_rt_configurePorts(or_default(given->config.ports.first, 1024),
                                  or_default(given->config.ports.last, 65535)) &&
         reserve_ports(given->config.reserved) &&
         isnkit_runtime_call(isnkit_export_configureLeases, given->words + LEASES) &&
         isnkit_runtime_call(isnkit_export_configurePolicy, given->words + POLICY);
}

/** With the lock held. Returns the state; on a fault of the kit ISNKIT_OFF. */
static NOINLINE uint32_t start(const isnkit_config *config) {
  storage_words storage = {0};
  config_words given = {0};
  if (config != NULL) given.config = *config;
  // An error is noted, not fatal: the module finds out by itself and answers by its policy.
  kit.nvm_error = kit.platform->nvm.driver->open(kit.platform->nvm.device, &storage.geometry);
  kit.fault = ISNKIT_REASON_IMAGE;
  // The trap tells a bad image from an arena that is too small, which is no fault of the image.
  if (isnkit_runtime_start() != ISNKIT_TRAP_NONE) return ISNKIT_OFF;
  kit.io = isnkit_runtime_io();
  if (kit.io == NULL) return ISNKIT_OFF;
  kit.fault = ISNKIT_REASON_NONE;
  // Values that the module refuses leave it OFF, with its reason "configuration".
  if (!configure(&given, &storage)) return ISNKIT_OFF;
  return isnkit_rt_boot();
}

isnkit_state isnkit_start(const isnkit_platform *given, const isnkit_config *config) {
  // Before anything is changed under a call that the interrupt cut into.
  if (in_interrupt(given)) return ISNKIT_OFF;
  kit.platform = given;
  return (isnkit_state)call_with(NULL, config, NULL, NULL);
}

// State.

isnkit_state isnkit_poll(void) { return (isnkit_state)call(isnkit_export_poll, NULL); }

isnkit_state isnkit_current_state(void) { return (isnkit_state)call(isnkit_export_state, NULL); }

uint32_t isnkit_reason(void) {
  if (in_interrupt(kit.platform)) return ISNKIT_REASON_INTERRUPT;
  if (kit.platform == NULL) return ISNKIT_REASON_NOT_STARTED;
  const uint32_t reason = call(isnkit_export_reason, NULL);
  return kit.fault != ISNKIT_REASON_NONE ? kit.fault : reason;
}

uint32_t isnkit_trap_code(void) { return isnkit_runtime_trap; }

uint32_t isnkit_nvm_error(void) { return kit.nvm_error; }

uint32_t isnkit_quiet_ms(void) { return call(isnkit_export_quietMs, NULL); }

uint32_t isnkit_provision(const uint8_t key[16], uint32_t options) {
  return call_with(isnkit_export_provision, GIVEN(options), key, NULL);
}

uint32_t isnkit_provision_from_entropy(uint32_t options) {
  return call(isnkit_export_provisionFromEntropy, GIVEN(options));
}

uint32_t isnkit_fingerprint(void) { return call(isnkit_export_fingerprint, NULL); }

uint32_t isnkit_counter(isnkit_counter_id id) { return call(isnkit_export_counter, GIVEN(id)); }

// Numbers, IPv4.

uint32_t isnkit_isn4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port) {
  return call(isnkit_export_isn4, GIVEN(local, local_port, remote, remote_port));
}

uint16_t isnkit_port4(uint32_t local, uint32_t remote, uint16_t remote_port) {
  return (uint16_t)call(isnkit_export_port4, GIVEN(local, remote, remote_port));
}

uint32_t isnkit_timestamp4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port) {
  return call(isnkit_export_timestamp4, GIVEN(local, local_port, remote, remote_port));
}

uint32_t isnkit_advance4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                         uint32_t next) {
  return call(isnkit_export_advance4, GIVEN(local, local_port, remote, remote_port, next));
}

static uint32_t flags_of(const isnkit_end *end) {
  return end->timestamps ? ISNKIT_SEGMENT_TIMESTAMPS : 0;
}

uint32_t isnkit_close4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                       const isnkit_end *end) {
  return call(isnkit_export_close4, GIVEN(local, local_port, remote, remote_port, end->next,
                                          end->peer_next, end->peer_tsval, flags_of(end)));
}

isnkit_verdict isnkit_syn4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval,
                           uint32_t flags) {
  return (isnkit_verdict)call(isnkit_export_syn4, GIVEN(local, local_port, remote, remote_port,
                                                        sequence, tsval, flags));
}

// Numbers, IPv6: addresses go through the module's I/O buffer, local first.

uint32_t isnkit_isn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                     uint16_t remote_port) {
  return call_with(isnkit_export_isn6, GIVEN(local_port, remote_port), local, remote);
}

uint16_t isnkit_port6(const uint8_t local[16], const uint8_t remote[16], uint16_t remote_port) {
  return (uint16_t)call_with(isnkit_export_port6, GIVEN(remote_port), local, remote);
}

uint32_t isnkit_timestamp6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port) {
  return call_with(isnkit_export_timestamp6, GIVEN(local_port, remote_port), local, remote);
}

uint32_t isnkit_advance6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                         uint16_t remote_port, uint32_t next) {
  return call_with(isnkit_export_advance6, GIVEN(local_port, remote_port, next), local, remote);
}

uint32_t isnkit_close6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                       uint16_t remote_port, const isnkit_end *end) {
  return call_with(isnkit_export_close6,
                   GIVEN(local_port, remote_port, end->next, end->peer_next, end->peer_tsval,
                         flags_of(end)),
                   local, remote);
}

isnkit_verdict isnkit_syn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval,
                           uint32_t flags) {
  return (isnkit_verdict)call_with(isnkit_export_syn6,
                                   GIVEN(local_port, remote_port, sequence, tsval, flags), local,
                                   remote);
}
