#include "isnkit.h"

#include <stddef.h>
#include <string.h>

#include "runtime.h"

/** The ABI that this kit speaks: 1.x (docs/abi.md). */
#define ABI_MAJOR 1u

static const isnkit_platform *platform;
/** A reason of the kit's own that stands above the module's; 0 while the module runs. */
static uint32_t fault = ISNKIT_REASON_NOT_STARTED;
static uint32_t nvm_error;
static uint32_t io;

static bool in_interrupt(void) {
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

/** Opens a call: false when it must be refused. Each `enter` that holds is paired with a `leave`. */
static bool enter(void) {
  if (in_interrupt() || platform == NULL) return false;
  if (platform->lock != NULL) platform->lock(platform->context);
  if (fault == ISNKIT_REASON_NONE) return true;
  if (platform->unlock != NULL) platform->unlock(platform->context);
  return false;
}

static uint32_t leave(uint32_t value) {
  if (isnkit_runtime_trap != ISNKIT_TRAP_NONE) {
    fault = isnkit_runtime_trap == ISNKIT_TRAP_IMAGE ? ISNKIT_REASON_IMAGE : ISNKIT_REASON_TRAP;
    value = 0;
  }
  if (platform->unlock != NULL) platform->unlock(platform->context);
  return value;
}

// What the module asks of its board.

static uint32_t noted(uint32_t code) {
  if (code != 0) nvm_error = code;
  return code;
}

uint32_t isnkit_import_read(uint32_t offset, uint8_t *to, uint32_t bytes) {
  return noted(platform->nvm.driver->read(platform->nvm.device, offset, to, bytes));
}

uint32_t isnkit_import_program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  return noted(platform->nvm.driver->program(platform->nvm.device, offset, from, bytes));
}

uint32_t isnkit_import_erase(uint32_t sector) {
  return noted(platform->nvm.driver->erase(platform->nvm.device, sector));
}

uint32_t isnkit_import_entropy(uint8_t *to, uint32_t bytes) {
  if (platform->entropy == NULL) return 0;
  return platform->entropy(platform->context, to, bytes);
}

uint32_t isnkit_import_ticks(void) { return platform->ticks(platform->context); }

// Start.

static uint32_t or_default(uint32_t value, uint32_t standard) {
  return value == 0 ? standard : value;
}

static bool configure_ports(const isnkit_config *config) {
  if (!isnkit_rt_configurePorts(or_default(config->ports.first, 1024),
                                or_default(config->ports.last, 65535))) {
    return false;
  }
  for (unsigned i = 0; i < 8 && config->reserved[i].last != 0; i++) {
    if (!isnkit_rt_reservePorts(config->reserved[i].first, config->reserved[i].last)) return false;
  }
  return true;
}

static bool configure(const isnkit_config *config, const isnkit_nvm_geometry *geometry) {
  return isnkit_rt_configureStorage(geometry->kind, geometry->sector_bytes, geometry->sectors,
                                    geometry->granule) &&
         isnkit_rt_configureClock(platform->ticks_hz) && configure_ports(config) &&
         isnkit_rt_configureLeases(or_default(config->lease_first_ticks, 1u << 20),
                                   or_default(config->lease_longest_ticks, 1u << 26),
                                   or_default(config->guard_ticks, 1u << 18),
                                   or_default(config->port_lease, 16)) &&
         isnkit_rt_configurePolicy(config->policy, or_default(config->msl_ms, 120000));
}

static bool module_fits(void) {
  if (isnkit_rt_version() >> 16 != ABI_MAJOR) return false;
  io = isnkit_rt_ioBuffer();
  return io <= ISNKIT_PAGE_BYTES - 32 && isnkit_rt_ioBytes() >= 32;
}

/** With the lock held. Returns the state; on a fault of the kit ISNKIT_OFF. */
static uint32_t start(const isnkit_config *config) {
  static const isnkit_config defaults;
  isnkit_nvm_geometry geometry = {0};
  nvm_error = 0;
  // An error is noted, not fatal: the module finds out by itself and answers by its policy.
  noted(platform->nvm.driver->open(platform->nvm.device, &geometry));
  fault = ISNKIT_REASON_IMAGE;
  if (isnkit_runtime_start() != ISNKIT_TRAP_NONE) {
    // An arena that is too small is no fault of the image.
    if (isnkit_runtime_trap != ISNKIT_TRAP_IMAGE) fault = ISNKIT_REASON_TRAP;
    return ISNKIT_OFF;
  }
  if (!module_fits()) return ISNKIT_OFF;
  fault = ISNKIT_REASON_NONE;
  // Values that the module refuses leave it OFF, with its reason "configuration".
  if (!configure(config == NULL ? &defaults : config, &geometry)) return ISNKIT_OFF;
  return isnkit_rt_boot();
}

isnkit_state isnkit_start(const isnkit_platform *given, const isnkit_config *config) {
  if (in_interrupt()) return ISNKIT_OFF;
  platform = given;
  if (platform->lock != NULL) platform->lock(platform->context);
  const uint32_t state = start(config);
  if (fault != ISNKIT_REASON_NONE) {
    if (platform->unlock != NULL) platform->unlock(platform->context);
    return ISNKIT_OFF;
  }
  return (isnkit_state)leave(state);
}

// State.

isnkit_state isnkit_poll(void) {
  return enter() ? (isnkit_state)leave(isnkit_rt_poll()) : ISNKIT_OFF;
}

isnkit_state isnkit_current_state(void) {
  return enter() ? (isnkit_state)leave(isnkit_rt_state()) : ISNKIT_OFF;
}

uint32_t isnkit_reason(void) {
  if (in_interrupt()) return ISNKIT_REASON_INTERRUPT;
  if (!enter()) return fault;
  const uint32_t reason = leave(isnkit_rt_reason());
  return fault != ISNKIT_REASON_NONE ? fault : reason;
}

uint32_t isnkit_trap_code(void) { return isnkit_runtime_trap; }

uint32_t isnkit_nvm_error(void) { return nvm_error; }

uint32_t isnkit_quiet_ms(void) { return enter() ? leave(isnkit_rt_quietMs()) : 0; }

uint32_t isnkit_provision(const uint8_t key[16], uint32_t options) {
  if (!enter()) return 0;
  memcpy(isnkit_runtime_memory() + io, key, 16);
  return leave(isnkit_rt_provision(options));
}

uint32_t isnkit_provision_from_entropy(uint32_t options) {
  return enter() ? leave(isnkit_rt_provisionFromEntropy(options)) : 0;
}

uint32_t isnkit_fingerprint(void) { return enter() ? leave(isnkit_rt_fingerprint()) : 0; }

uint32_t isnkit_counter(isnkit_counter_id id) { return enter() ? leave(isnkit_rt_counter(id)) : 0; }

// Numbers, IPv4.

uint32_t isnkit_isn4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port) {
  return enter() ? leave(isnkit_rt_isn4(local, local_port, remote, remote_port)) : 0;
}

uint16_t isnkit_port4(uint32_t local, uint32_t remote, uint16_t remote_port) {
  return enter() ? (uint16_t)leave(isnkit_rt_port4(local, remote, remote_port)) : 0;
}

uint32_t isnkit_timestamp4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port) {
  return enter() ? leave(isnkit_rt_timestamp4(local, local_port, remote, remote_port)) : 0;
}

uint32_t isnkit_advance4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                         uint32_t next) {
  return enter() ? leave(isnkit_rt_advance4(local, local_port, remote, remote_port, next)) : 0;
}

uint32_t isnkit_close4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                       const isnkit_end *end) {
  if (!enter()) return 0;
  return leave(isnkit_rt_close4(local, local_port, remote, remote_port, end->next, end->peer_next,
                                end->peer_tsval, end->timestamps ? ISNKIT_SEGMENT_TIMESTAMPS : 0));
}

isnkit_verdict isnkit_syn4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval,
                           uint32_t flags) {
  if (!enter()) return ISNKIT_VERDICT_NONE;
  return (isnkit_verdict)leave(
      isnkit_rt_syn4(local, local_port, remote, remote_port, sequence, tsval, flags));
}

// Numbers, IPv6: addresses go through the module's I/O buffer, local first.

static bool enter6(const uint8_t local[16], const uint8_t remote[16]) {
  if (!enter()) return false;
  uint8_t *buffer = isnkit_runtime_memory() + io;
  memcpy(buffer, local, 16);
  memcpy(buffer + 16, remote, 16);
  return true;
}

uint32_t isnkit_isn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                     uint16_t remote_port) {
  return enter6(local, remote) ? leave(isnkit_rt_isn6(local_port, remote_port)) : 0;
}

uint16_t isnkit_port6(const uint8_t local[16], const uint8_t remote[16], uint16_t remote_port) {
  return enter6(local, remote) ? (uint16_t)leave(isnkit_rt_port6(remote_port)) : 0;
}

uint32_t isnkit_timestamp6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port) {
  return enter6(local, remote) ? leave(isnkit_rt_timestamp6(local_port, remote_port)) : 0;
}

uint32_t isnkit_advance6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                         uint16_t remote_port, uint32_t next) {
  return enter6(local, remote) ? leave(isnkit_rt_advance6(local_port, remote_port, next)) : 0;
}

uint32_t isnkit_close6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                       uint16_t remote_port, const isnkit_end *end) {
  if (!enter6(local, remote)) return 0;
  return leave(isnkit_rt_close6(local_port, remote_port, end->next, end->peer_next, end->peer_tsval,
                                end->timestamps ? ISNKIT_SEGMENT_TIMESTAMPS : 0));
}

isnkit_verdict isnkit_syn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval,
                           uint32_t flags) {
  if (!enter6(local, remote)) return ISNKIT_VERDICT_NONE;
  return (isnkit_verdict)leave(isnkit_rt_syn6(local_port, remote_port, sequence, tsval, flags));
}
