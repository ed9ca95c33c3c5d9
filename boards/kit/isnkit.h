/**
 * isnkit for firmware: Initial Sequence Numbers, ephemeral ports and TCP timestamps that move forward
 * across reboots and power cuts. One instance a device, over the module (docs/abi.md) in a runtime
 * chosen at build time: wasm2c or wasm3.
 *
 * Conventions
 *   - IPv4 addresses are numbers in host order: 10.77.0.2 is 0x0A4D0002. IPv6 addresses are 16 bytes in
 *     network order. Ports and sequence numbers are in host order.
 *   - Numbers are u32; 0 means refused, and isnkit_reason() tells why. A valid ISN, port or timestamp
 *     is never 0.
 *   - Functions may be called from any task when lock hooks are given, and from no interrupt handler, unless
 *     `in_interrupt` allows it: there they return 0 and change nothing.
 *   - A trap inside the module ends the call with 0 and ISNKIT_REASON_TRAP. From then on every call is
 *     refused until isnkit_start() is called again: fail closed.
 */
#ifndef ISNKIT_H
#define ISNKIT_H

#include <stdbool.h>
#include <stdint.h>

#include "nvm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the device is ready for. */
typedef enum isnkit_state {
  /** Not started, or the module is not running (a trap, a corrupt image). */
  ISNKIT_OFF = 0,
  /** No key yet: call isnkit_provision(). */
  ISNKIT_UNPROVISIONED = 1,
  ISNKIT_READY = 2,
  /** Storage was lost: wait isnkit_quiet_ms() (RFC 9293 §3.4.3, RFC 6528 §3). */
  ISNKIT_QUIET = 3,
  /** isnkit_reason() tells why. */
  ISNKIT_FAILED = 4,
} isnkit_state;

/** Why a call was refused. Up to 0xFF: the module's (docs/abi.md); above: the kit's. */
typedef enum isnkit_reason_code {
  ISNKIT_REASON_NONE = 0,
  ISNKIT_REASON_CONFIGURATION = 1,
  ISNKIT_REASON_NOT_BOOTED = 2,
  ISNKIT_REASON_UNPROVISIONED = 3,
  ISNKIT_REASON_QUIET = 4,
  ISNKIT_REASON_STORAGE_CORRUPT = 5,
  ISNKIT_REASON_STORAGE_FAILED = 6,
  ISNKIT_REASON_ENTROPY_ABSENT = 7,
  ISNKIT_REASON_ENTROPY_UNHEALTHY = 8,
  ISNKIT_REASON_ALREADY_PROVISIONED = 9,
  ISNKIT_REASON_PORTS_BUSY = 10,
  ISNKIT_REASON_TABLE_FULL = 11,
  ISNKIT_REASON_ARGUMENT = 12,
  /** READY, on a single sector that still works: numbers end when it is full. */
  ISNKIT_REASON_WEAR = 13,
  /** Settings that the proof does not cover: docs/bounds.md, "Settings". */
  ISNKIT_REASON_BOUND_GUARD = 14,
  ISNKIT_REASON_BOUND_LEASE = 15,
  ISNKIT_REASON_BOUND_WINDOW = 16,
  ISNKIT_REASON_BOUND_CLOCK = 17,
  /** isnkit_start() was not called, or failed. */
  ISNKIT_REASON_NOT_STARTED = 0x100,
  /** The call came from an interrupt handler. */
  ISNKIT_REASON_INTERRUPT = 0x101,
  /** The module trapped; isnkit_trap_code() has the kind. Call isnkit_start() again. */
  ISNKIT_REASON_TRAP = 0x102,
  /** The module image is corrupt or does not fit this kit (digest, ABI version, exports). */
  ISNKIT_REASON_IMAGE = 0x103,
} isnkit_reason_code;

/** What the kit needs from the board. `context` is handed to every hook. */
typedef struct isnkit_platform {
  /** Where the journal lives. */
  isnkit_nvm nvm;
  /** Free-running counter, all 32 bits in use, at `ticks_hz` (1 … 2^32 − 1). It may wrap. */
  uint32_t (*ticks)(void *context);
  uint32_t ticks_hz;
  /** Raw noise samples; returns how many bytes were delivered. NULL: the board has no source. */
  uint32_t (*entropy)(void *context, uint8_t *to, uint32_t bytes);
  /** Mutual exclusion between all that call; both NULL for a single task. Not called where `in_interrupt` says so. */
  void (*lock)(void *context);
  void (*unlock)(void *context);
  /**
   * True where a call is to be refused. NULL on Cortex-M: in every exception handler, which the kit tells by IPSR.
   * A stack that runs in an interrupt needs a hook that returns false there, and lock hooks that keep that interrupt
   * and the tasks apart: the stack's own lock (docs/integrate.md, "A stack in an interrupt").
   */
  bool (*in_interrupt)(void *context);
  /**
   * A word of the calling task's own, 0 at first, where the kit notes why the task's last call was refused. NULL: one
   * reason for all tasks, so that isnkit_reason() may tell of a call that another task made in between.
   */
  uint32_t *(*task_reason)(void *context);
  void *context;
} isnkit_platform;

/** Ports that are never allocated, both ends included. */
typedef struct isnkit_port_range {
  uint16_t first;
  uint16_t last;
} isnkit_port_range;

/** Settings; 0 stands for the default named behind each. */
typedef struct isnkit_config {
  /** Ephemeral ports, both ends included: 1024 … 65535 (RFC 6056 §3.2). */
  isnkit_port_range ports;
  /** Up to eight ranges in rising order, ended by {0, 0} or by the end of the array. */
  isnkit_port_range reserved[8];
  /** First and longest lease, and guard, in ticks of 4 µs: 2^20, 2^26, 2^18. */
  uint32_t lease_first_ticks;
  uint32_t lease_longest_ticks;
  uint32_t guard_ticks;
  /** Ports leased at once: 16. */
  uint32_t port_lease;
  /** ISNKIT_POLICY_ bits: none. */
  uint32_t policy;
  /** Maximum segment lifetime in milliseconds: 120,000 (RFC 9293 §3.4.2). */
  uint32_t msl_ms;
} isnkit_config;

/** Without usable storage: run on a random key of this boot, after quiet time. */
#define ISNKIT_POLICY_DEGRADED 1u
/** Blank storage at boot: provision from the entropy source. */
#define ISNKIT_POLICY_SELF_PROVISION 2u

/** isnkit_provision(): replace a key that is there; starts quiet time. */
#define ISNKIT_PROVISION_REPLACE 1u
/** isnkit_provision(): the device never spoke TCP, so blank storage owes no quiet time. */
#define ISNKIT_PROVISION_NEW_DEVICE 2u

/** isnkit_syn4(): flags of the segment. */
#define ISNKIT_SEGMENT_TIMESTAMPS 1u
#define ISNKIT_SEGMENT_RST 2u

/** isnkit_syn4(): what to do with a SYN or RST for a tuple (RFC 9293 §3.10.7.4). */
typedef enum isnkit_verdict {
  /** Not in TIME_WAIT: handle it as usual. */
  ISNKIT_VERDICT_NONE = 0,
  /** A new connection may start (RFC 6191). */
  ISNKIT_VERDICT_ACCEPT = 1,
  /** Answer with an ACK of the old connection (RFC 5961 §4). */
  ISNKIT_VERDICT_CHALLENGE = 2,
  /** Drop it silently (RFC 1337). */
  ISNKIT_VERDICT_DROP = 3,
} isnkit_verdict;

/** isnkit_counter(): which one. docs/abi.md explains each. */
typedef enum isnkit_counter_id {
  ISNKIT_COUNTER_BOOTS = 0,
  ISNKIT_COUNTER_WRITES = 1,
  ISNKIT_COUNTER_PROGRAMS = 2,
  ISNKIT_COUNTER_ERASES = 3,
  ISNKIT_COUNTER_REFUSALS = 4,
  ISNKIT_COUNTER_WEAR = 5,
  ISNKIT_COUNTER_RETIRED = 6,
  ISNKIT_COUNTER_LOST = 7,
  ISNKIT_COUNTER_CLOCK_FAULTS = 8,
  ISNKIT_COUNTER_EVICTIONS = 9,
  ISNKIT_COUNTER_TABLE_USED = 10,
  ISNKIT_COUNTER_DEGRADED = 11,
  ISNKIT_COUNTER_OPEN = 12,
  ISNKIT_COUNTER_TIME_WAIT = 13,
} isnkit_counter_id;

/** How a connection ended. */
typedef struct isnkit_end {
  /** One past the highest sequence number that the device used, FIN included. */
  uint32_t next;
  /** The next sequence number expected of the peer. */
  uint32_t peer_next;
  /** The peer's last TSval; only if `timestamps`. */
  uint32_t peer_tsval;
  bool timestamps;
} isnkit_end;

/**
 * Starts the module, opens the memory, and boots: reads the journal, and makes this boot durable.
 * Both structures must stay where they are; `config` may be NULL for the defaults. Takes one record
 * write (a few milliseconds on EEPROM); with a full journal a sector erase too. May be called again
 * after a trap: that counts as a boot.
 */
isnkit_state isnkit_start(const isnkit_platform *platform, const isnkit_config *config);

/**
 * Renews leases before they are needed, so that a flash erase never stands in the connect path, and
 * follows the counter. Call it every few milliseconds from the main loop or a task, and at least once
 * per half wrap of the counter. Writes nothing on an idle device.
 */
isnkit_state isnkit_poll(void);

isnkit_state isnkit_current_state(void);

/**
 * Why the last call was refused, or why the state is not READY: an isnkit_reason_code. With `task_reason` it is the
 * last call of this task that is told of, once; asked again, or without one, why the state is what it is.
 */
uint32_t isnkit_reason(void);

/** The kind of the last trap, `isnkit_trap` in runtime.h; 0 when there was none. */
uint32_t isnkit_trap_code(void);

/** The last error code of the memory driver since isnkit_start(); 0 when there was none. */
uint32_t isnkit_nvm_error(void);

/** Milliseconds of quiet time left. */
uint32_t isnkit_quiet_ms(void);

/**
 * Hands over the device's key, 128 random bits, once in its life; `options`: ISNKIT_PROVISION_ bits.
 * Returns 1 when it is durable. Wipe your copy afterwards.
 */
uint32_t isnkit_provision(const uint8_t key[16], uint32_t options);

/** The same with a key from the board's entropy source, if it passes its health tests. */
uint32_t isnkit_provision_from_entropy(uint32_t options);

/** A short name of the key that tells nothing of it; 0 without a key. */
uint32_t isnkit_fingerprint(void);

uint32_t isnkit_counter(isnkit_counter_id id);

/**
 * The ISN of a connection that is opened now (RFC 9293 §3.4.1, RFC 6528): serially after every number
 * that the tuple's earlier connections used, reboots included. Ask once a connection.
 */
uint32_t isnkit_isn4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port);
uint32_t isnkit_isn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                     uint16_t remote_port);

/**
 * A local port for a destination (RFC 6056): unpredictable off the path, and not repeated for this
 * destination before the whole range was used, reboots included. Bind to it before connecting.
 */
uint16_t isnkit_port4(uint32_t local, uint32_t remote, uint16_t remote_port);
uint16_t isnkit_port6(const uint8_t local[16], const uint8_t remote[16], uint16_t remote_port);

/** The TSval of the tuple now, a 1 ms clock that never goes back (RFC 7323 §5.4). */
uint32_t isnkit_timestamp4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port);
uint32_t isnkit_timestamp6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port);

/**
 * Reports that a connection has used its sequence numbers up to, not including, `next`. Due before
 * the connection runs the guard (2^18 bytes by default) ahead of its last report; not needed while it is
 * less than that ahead of 250 kB/s since its ISN. Returns 1; on 0 the connection must stop sending.
 */
uint32_t isnkit_advance4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                         uint32_t next);
uint32_t isnkit_advance6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                         uint16_t remote_port, uint32_t next);

/** Reports that a connection ended, so that its tuple enters TIME_WAIT here. Returns 1. */
uint32_t isnkit_close4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                       const isnkit_end *end);
uint32_t isnkit_close6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                       uint16_t remote_port, const isnkit_end *end);

/**
 * Ends an attempt that never became a connection: the SYN was refused or timed out, or binding or connecting failed
 * after isnkit_port4() or isnkit_isn4(). No end is claimed; what must stay for safety the module keeps by itself.
 * Returns 1.
 */
uint32_t isnkit_abandon4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port);
uint32_t isnkit_abandon6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                         uint16_t remote_port);

/** What to do with a SYN or RST from the peer, for stacks that leave TIME_WAIT to isnkit. */
isnkit_verdict isnkit_syn4(uint32_t local, uint16_t local_port, uint32_t remote,
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval, uint32_t flags);
isnkit_verdict isnkit_syn6(const uint8_t local[16], uint16_t local_port, const uint8_t remote[16],
                           uint16_t remote_port, uint32_t sequence, uint32_t tsval, uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif
