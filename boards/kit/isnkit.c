#include "isnkit.h"

#include <stddef.h>
#include <string.h>

#include "runtime.h"

/** On the path of every call. */
#define INLINE inline __attribute__((always_inline))
/** Off it, or used more than twice. */
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

static NOINLINE uint32_t in_interrupt(const isnkit_platform *platform) {
  if (platform != NULL && platform->in_interrupt != NULL) {
    return platform->in_interrupt(platform->context);
  }
#if defined(__arm__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
  // ARMv7-M ARM B1.4.2: IPSR holds the exception number, 0 in thread mode.
  uint32_t ipsr;
  __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
  return ipsr;
#else
  return 0;
#endif
}

static INLINE void lock(const isnkit_platform *platform) {
  if (platform->lock != NULL) platform->lock(platform->context);
}

static INLINE void unlock(const isnkit_platform *platform) {
  if (platform->unlock != NULL) platform->unlock(platform->context);
}

static NOINLINE uint32_t start(const isnkit_config *config);

/** Of a call that gave 0, as each does that is refused or trapped: notes why, while nobody else can call. */
static NOINLINE uint32_t note_zero(void) {
  if (isnkit_runtime_trap != ISNKIT_TRAP_NONE) {
    kit.fault = isnkit_runtime_trap == ISNKIT_TRAP_IMAGE ? ISNKIT_REASON_IMAGE : ISNKIT_REASON_TRAP;
  } else if (kit.platform->task_reason != NULL) {
    *kit.platform->task_reason(kit.platform->context) =
        isnkit_runtime_call(isnkit_export_reason, NULL);
  }
  return 0;
}

/** The value of the last call of the module; a trap leaves 0. */
static INLINE uint32_t checked(uint32_t value) { return value != 0 ? value : note_zero(); }

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
static NOINLINE uint32_t call_with(const uint8_t *first, isnkit_export *function,
                                   const uint8_t *second, const void *given) {
  const isnkit_platform *const platform = kit.platform;
  uint32_t value = 0;
  if (platform == NULL || in_interrupt(platform)) return 0;
  lock(platform);
  if (function == NULL) {
    value = checked(start(given));
  } else if (kit.fault == ISNKIT_REASON_NONE) {
    if (first != NULL) put_io(first, second);
    value = checked(isnkit_runtime_call(function, given));
  }
  unlock(platform);
  return value;
}

#include "api_calls.h"

// What the module asks of its board.

static uint32_t noted(uint32_t code) {
  if (code != 0) kit.nvm_error = code;
  return code;
}

ISNKIT_INSIDE uint32_t isnkit_import_read(uint32_t offset, uint8_t *to, uint32_t bytes) {
  return noted(kit.platform->nvm.driver->read(kit.platform->nvm.device, offset, to, bytes));
}

ISNKIT_INSIDE uint32_t isnkit_import_program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  return noted(kit.platform->nvm.driver->program(kit.platform->nvm.device, offset, from, bytes));
}

ISNKIT_INSIDE uint32_t isnkit_import_erase(uint32_t sector) {
  return noted(kit.platform->nvm.driver->erase(kit.platform->nvm.device, sector));
}

ISNKIT_INSIDE uint32_t isnkit_import_entropy(uint8_t *to, uint32_t bytes) {
  if (kit.platform->entropy == NULL) return 0;
  return kit.platform->entropy(kit.platform->context, to, bytes);
}

ISNKIT_INSIDE uint32_t isnkit_import_ticks(void) {
  return kit.platform->ticks(kit.platform->context);
}

// Start.

static uint32_t or_default(uint32_t value, uint32_t standard) {
  return value == 0 ? standard : value;
}

/** The setters of the module's configuration. Each finds its arguments, at most four, in four words. */
static isnkit_export *const setters[] = {
    isnkit_export_configureStorage, isnkit_export_configureClock, isnkit_export_configurePorts,
    isnkit_export_configureLeases, isnkit_export_configurePolicy};

enum { STORAGE = 0, CLOCK = 4, PORTS = 8, LEASES = 12, SETTINGS = 20 };

typedef union settings {
  isnkit_nvm_geometry geometry;
  uint32_t words[SETTINGS];
} settings;

/** From here leases and policy lie in a configuration as the setters take them. */
#define TAIL offsetof(isnkit_config, lease_first_ticks)
_Static_assert(offsetof(isnkit_config, policy) - TAIL == 16 &&
                   offsetof(isnkit_nvm_geometry, sector_bytes) == 4,
               "the order of the setters' arguments");

/**
 * Opens the memory, and hands its geometry and the configuration to the module. False when the module refuses
 * a value. Not a part of start(), for what lies on the stack here is larger than all else on the way.
 */
static NOINLINE bool configure(const isnkit_config *config) {
  static const uint32_t standard[] = {1u << 20, 1u << 26, 1u << 18, 16, 0, 120000};
  struct {
    isnkit_config none;
    settings settings;
  } zeros = {0};
  settings *const given = &zeros.settings;
  if (config == NULL) config = &zeros.none;
  // An error is noted, not fatal: the module finds out by itself and answers by its policy.
  kit.nvm_error = kit.platform->nvm.driver->open(kit.platform->nvm.device, &given->geometry);
  // An enumeration may be shorter than a word.
  given->words[STORAGE] = given->geometry.kind;
  given->words[CLOCK] = kit.platform->ticks_hz;
  given->words[PORTS] = or_default(config->ports.first, 1024);
  given->words[PORTS + 1] = or_default(config->ports.last, 65535);
  for (unsigned i = 0; i < sizeof standard / sizeof *standard; i++) {
    uint32_t word;
    memcpy(&word, (const uint8_t *)config + TAIL + 4 * i, 4);
    given->words[LEASES + i] = or_default(word, standard[i]);
  }
  for (unsigned i = 0; i < sizeof setters / sizeof *setters; i++) {
    if (!isnkit_runtime_call(setters[i], given->words + 4 * i)) return false;
  }
  for (unsigned i = 0; i < 8 && config->reserved[i].last != 0; i++) {
    if (!isnkit_rt_reservePorts(config->reserved[i].first, config->reserved[i].last)) return false;
  }
  return true;
}

/** With the lock held. Returns the state; on a fault of the kit ISNKIT_OFF. */
static NOINLINE uint32_t start(const isnkit_config *config) {
  kit.nvm_error = 0;
  kit.fault = ISNKIT_REASON_IMAGE;
  // The trap tells a bad image from an arena that is too small, which is no fault of the image.
  if (isnkit_runtime_start() != ISNKIT_TRAP_NONE) return ISNKIT_OFF;
  kit.io = isnkit_runtime_io();
  if (kit.io == NULL) return ISNKIT_OFF;
  kit.fault = ISNKIT_REASON_NONE;
  // Values that the module refuses leave it OFF, with its reason "configuration".
  if (!configure(config)) return ISNKIT_OFF;
  return isnkit_runtime_call(isnkit_export_boot, NULL);
}

isnkit_state isnkit_start(const isnkit_platform *given, const isnkit_config *config) {
  // Before anything is changed under a call that the interrupt cut into.
  if (in_interrupt(given)) return ISNKIT_OFF;
  kit.platform = given;
  return (isnkit_state)call_with(NULL, NULL, NULL, config);
}

// State.

ISNKIT_CALL(isnkit_state, poll, (void), poll, 0)
ISNKIT_CALL(isnkit_state, current_state, (void), state, 0)

uint32_t isnkit_reason(void) {
  if (in_interrupt(kit.platform)) return ISNKIT_REASON_INTERRUPT;
  if (kit.platform == NULL) return ISNKIT_REASON_NOT_STARTED;
  uint32_t reason = ISNKIT_REASON_NONE;
  if (kit.platform->task_reason != NULL) {
    // The task's own, whatever others have asked meanwhile; once.
    uint32_t *const own = kit.platform->task_reason(kit.platform->context);
    reason = *own;
    *own = ISNKIT_REASON_NONE;
  }
  if (reason == ISNKIT_REASON_NONE) reason = call_with(NULL, isnkit_export_reason, NULL, NULL);
  return kit.fault != ISNKIT_REASON_NONE ? kit.fault : reason;
}

uint32_t isnkit_trap_code(void) { return isnkit_runtime_trap; }

uint32_t isnkit_nvm_error(void) { return kit.nvm_error; }

ISNKIT_CALL(uint32_t, quiet_ms, (void), quietMs, 0)
ISNKIT_CALL_KEY(uint32_t, provision, (const uint8_t key[16], uint32_t options), provision, options)
ISNKIT_CALL(uint32_t, provision_from_entropy, (uint32_t options), provisionFromEntropy, options)
ISNKIT_CALL(uint32_t, fingerprint, (void), fingerprint, 0)
ISNKIT_CALL(uint32_t, counter, (isnkit_counter_id id), counter, id)

// Numbers, IPv4.

#define TUPLE4 uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port
#define WORDS4 local, local_port, remote, remote_port

ISNKIT_CALL(uint32_t, isn4, (TUPLE4), isn4, WORDS4)
ISNKIT_CALL(uint16_t, port4, (uint32_t local, uint32_t remote, uint16_t remote_port), port4, local,
            remote, remote_port)
ISNKIT_CALL(uint32_t, timestamp4, (TUPLE4), timestamp4, WORDS4)
ISNKIT_CALL(uint32_t, advance4, (TUPLE4, uint32_t next), advance4, WORDS4, next)
ISNKIT_CALL_END4(close4, (TUPLE4, const isnkit_end *end), close4, WORDS4)
ISNKIT_CALL(uint32_t, abandon4, (TUPLE4), abandon4, WORDS4)
ISNKIT_CALL(isnkit_verdict, syn4, (TUPLE4, uint32_t sequence, uint32_t tsval, uint32_t flags), syn4,
            WORDS4, sequence, tsval, flags)

// Numbers, IPv6: addresses go through the module's I/O buffer, local first.

#define TUPLE6                                                                       \
  const uint8_t local[16], uint16_t local_port, const uint8_t remote[16], uint16_t remote_port
#define WORDS6 local_port, remote_port

ISNKIT_CALL_TUPLE6(uint32_t, isn6, (TUPLE6), isn6, WORDS6)
ISNKIT_CALL_DESTINATION6(uint16_t, port6, (const uint8_t local[16], const uint8_t remote[16],
                                           uint16_t remote_port), port6, remote_port)
ISNKIT_CALL_TUPLE6(uint32_t, timestamp6, (TUPLE6), timestamp6, WORDS6)
ISNKIT_CALL_TUPLE6(uint32_t, advance6, (TUPLE6, uint32_t next), advance6, WORDS6, next)
ISNKIT_CALL_END6(close6, (TUPLE6, const isnkit_end *end), close6, WORDS6)
ISNKIT_CALL_TUPLE6(uint32_t, abandon6, (TUPLE6), abandon6, WORDS6)
ISNKIT_CALL_TUPLE6(isnkit_verdict, syn6, (TUPLE6, uint32_t sequence, uint32_t tsval, uint32_t flags),
                   syn6, WORDS6, sequence, tsval, flags)
