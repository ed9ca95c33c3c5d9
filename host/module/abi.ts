/**
 * The numbers of the module's ABI, version 1.1 (docs/abi.md). `assembly/abi.ts` holds the same
 * numbers for the module; a test compares the two through the compiled binary.
 */

export const ABI_VERSION = 0x0001_0001;

/** `configureStorage`: what the journal lies on. */
export const STORAGE = { nor: 0, eeprom: 1, keyValue: 2 } as const;

/** `boot`, `poll`, `state`. */
export const STATE = {
  off: 0,
  unprovisioned: 1,
  ready: 2,
  quiet: 3,
  failed: 4,
} as const;
export type StateName = keyof typeof STATE;

/** `reason`: why the last call was refused, or why the state is what it is. */
export const REASON = {
  none: 0,
  /** A configuration value is out of range, or came after boot. */
  configuration: 1,
  /** boot() was not called. */
  notBooted: 2,
  /** No key in storage, and storage is blank. */
  unprovisioned: 3,
  /** Quiet time is not over (RFC 9293 §3.4.3). */
  quiet: 4,
  /** Storage holds something, but no key or record that can be trusted. */
  storageCorrupt: 5,
  /** A read, program or erase failed and no good sector is left. */
  storageFailed: 6,
  /** The entropy source gave nothing. */
  entropyAbsent: 7,
  /** The entropy source failed a health test (NIST SP 800-90B §4.4). */
  entropyUnhealthy: 8,
  /** The device has a key already. */
  alreadyProvisioned: 9,
  /** Every port of the range is in use or in TIME_WAIT for this destination. */
  portsBusy: 10,
  /** The connection table is full of open connections. */
  tableFull: 11,
  /** An argument is out of range (port 0, an all-zero key). */
  argument: 12,
  /** READY, on a single sector that still works: numbers end when it is full. */
  wear: 13,
  /** `configureLeases`: a guard that does not cover what a connection may run past its lease. */
  boundGuard: 14,
  /** `configureLeases`: a first lease of less than two guards. */
  boundLease: 15,
  /** `configureLeases`, `configurePolicy`: the clock could move half the number space in 2 × MSL. */
  boundWindow: 16,
  /** `configureClock`: a counter too slow or too fast. */
  boundClock: 17,
} as const;

/** `configurePolicy`. */
export const POLICY = {
  /** Without usable storage: run on a random key of this boot, after quiet time. */
  degraded: 1,
  /** Blank storage at boot: provision from the entropy source. */
  selfProvision: 2,
} as const;

/** `provision`, `provisionFromEntropy`. */
export const PROVISION = {
  /** Replace a key that is there; starts quiet time. */
  replace: 1,
  /** The device never spoke TCP: no quiet time, provided that storage is blank. */
  newDevice: 2,
} as const;

/** `syn4`, `syn6`: flags of the segment. */
export const SEGMENT = { timestamps: 1, rst: 2 } as const;

/** `syn4`, `syn6`: what to do with a segment that reaches a closed connection's tuple. */
export const VERDICT = {
  /** The tuple is not in TIME_WAIT: handle the segment as usual. */
  none: 0,
  /** Reopen: a new connection may start (RFC 9293 §3.10.7.4, RFC 6191). */
  accept: 1,
  /** Answer with an ACK of the old connection (RFC 5961 §4). */
  challenge: 2,
  /** Drop it silently (RFC 1337, or a challenge ACK was sent within 500 ms). */
  drop: 3,
} as const;

/** `counter`. */
export const COUNTER = {
  /** Boots that reached a durable boot record, over the life of the journal. */
  boots: 0,
  /** Journal records made durable since this boot. */
  writes: 1,
  /** Program operations since this boot (two for a record). */
  programs: 2,
  /** Sector erases since this boot. */
  erases: 3,
  /** Calls refused since this boot. */
  refusals: 4,
  /** Erase cycles of the most erased sector, over the life of the journal. */
  wear: 5,
  /** Sectors found bad since this boot. */
  retired: 6,
  /** Acknowledged records found lost at this boot. */
  lost: 7,
  /** Counter steps of more than half its range (poll came too late, or the counter ran backwards). */
  clockFaults: 8,
  /** TIME_WAIT entries given up for newer ones since this boot. */
  evictions: 9,
  /** Entries of the connection table in use. */
  tableUsed: 10,
  /** 1 while the module runs degraded: on a key of this boot only. */
  degraded: 11,
  /** Connections that are open, in the table or not. */
  open: 12,
  /** Entries of the table that are held for connections that have ended. */
  timeWait: 13,
} as const;
