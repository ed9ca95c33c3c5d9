/**
 * The settings that the module takes, before it is asked: the mirror of `assembly/config.ts` and
 * `assembly/clock.ts`, with words for what is wrong. A test compares the two at every edge.
 * docs/bounds.md, "Settings", says why each bound is where it is.
 */
import type { REASON, STORAGE } from "./abi.ts";

export interface StorageSettings {
  readonly kind: keyof typeof STORAGE;
  readonly sectorBytes: number;
  readonly sectors: number;
  readonly granule: number;
}

/** Ticks of 4 µs; `ports` in ports. */
export interface LeaseSettings {
  readonly first: number;
  readonly longest: number;
  readonly guard: number;
  readonly ports: number;
}

export interface PortSettings {
  readonly first: number;
  readonly last: number;
  readonly reserved: readonly (readonly [first: number, last: number])[];
}

/** What the module says to a setting that it does not take. */
export interface Refusal<Field extends string = string> {
  readonly reason: keyof typeof REASON;
  /** The value that breaks the bound. */
  readonly field: Field;
  readonly because: string;
  readonly next: string;
}

/** What the module starts with. */
export const DEFAULT_LEASES: LeaseSettings = {
  first: 2 ** 20,
  longest: 2 ** 26,
  guard: 2 ** 18,
  ports: 16,
};

const GRANULE_MAX = 256;
const SECTORS = { min: 2, max: 32 } as const;
const COPY_BYTES = 32;
const COPIES_MIN = 6;
const OFFSET_MAX = 2 ** 32 - 1;
const HZ = { min: 32, max: 2_000_000_000 } as const;
const PORT_MAX = 65_535;
/** Ranges that `reservePorts` takes. */
export const RESERVED_MAX = 8;
const PORT_LEASE_MAX = 1_024;
const GUARD_MIN = 2 ** 18;
const TICKS_MAX = 2 ** 30;
const WINDOW_TICKS = 2 ** 31;
/** Reboots in 2 × MSL that any setting stands. */
const REBOOTS = 16;
/** What connections that run ahead of the clock may pull it along. */
const PULL_TICKS_MAX = 2 ** 27;
const TICKS_PER_MS = 250;
const MSL_MS_MAX = 600_000;

/** `configureStorage`. */
export function storageRefusal(
  storage: StorageSettings,
): Refusal<"granule" | "sectors" | "sectorBytes"> | undefined {
  const { kind, sectorBytes, sectors, granule } = storage;
  if (kind === "keyValue") return undefined;
  const refused = <Field>(field: Field, because: string, next: string) =>
    ({ reason: "configuration", field, because, next }) as const;
  if (!isWhole(granule, 1, GRANULE_MAX) || !Number.isInteger(Math.log2(granule))) {
    return refused(
      "granule",
      `a granule of ${granule} bytes is not a power of two from 1 to ${GRANULE_MAX}`,
      "give what the part programs at once: 1, 2, 4, 8, 16, 32, 64, 128 or 256",
    );
  }
  if (!isWhole(sectors, SECTORS.min, SECTORS.max)) {
    return refused(
      "sectors",
      `the journal needs ${SECTORS.min} to ${SECTORS.max} sectors, not ${sectors}`,
      `give ${SECTORS.min} to ${SECTORS.max}`,
    );
  }
  const leastBytes = COPIES_MIN * Math.max(granule, COPY_BYTES);
  if (!isWhole(sectorBytes, leastBytes, OFFSET_MAX)) {
    return refused(
      "sectorBytes",
      `a sector of ${sectorBytes} bytes has no room for ${COPIES_MIN} copies of ${COPY_BYTES} bytes in granules of ${granule}: two of its header and four records`,
      `give at least ${leastBytes}`,
    );
  }
  if (sectorBytes % granule !== 0) {
    return refused(
      "sectorBytes",
      `a sector of ${sectorBytes} bytes is not a whole number of granules of ${granule}`,
      `give a multiple of ${granule}`,
    );
  }
  if (sectorBytes * sectors <= OFFSET_MAX) return undefined;
  return refused(
    "sectorBytes",
    `${sectors} sectors of ${sectorBytes} bytes do not end below 4 GiB`,
    "give fewer or smaller sectors: the journal needs a few KiB",
  );
}

/** `configureClock`. */
export function clockRefusal(hz: number): Refusal<"hz"> | undefined {
  if (isWhole(hz, HZ.min, HZ.max)) return undefined;
  return {
    reason: "boundClock",
    field: "hz",
    because: `a counter of ${hz} Hz is not within ${HZ.min} Hz … 2 × 10^9 Hz (boundClock)`,
    next:
      hz < HZ.min
        ? "take a faster counter: one count of a slower one is longer than the guard allows for"
        : "take a prescaler: a faster counter goes half around between two polls",
  };
}

/** `configurePorts` and `reservePorts`, the ranges in rising order. */
export function portsRefusal(
  ports: PortSettings,
): Refusal<"first" | "last" | "reserved"> | undefined {
  const { first, last, reserved } = ports;
  const refused = <Field>(field: Field, because: string, next: string) =>
    ({ reason: "configuration", field, because, next }) as const;
  if (!isWhole(first, 1, PORT_MAX) || !isWhole(last, first, PORT_MAX)) {
    return refused(
      !isWhole(first, 1, PORT_MAX) ? "first" : "last",
      `the port range ${first} to ${last} is empty, or not within 1 to ${PORT_MAX}`,
      "give the lower port first; RFC 6056 asks for 1024 to 65535",
    );
  }
  if (reserved.length > RESERVED_MAX) {
    return refused(
      "reserved",
      `${reserved.length} ranges of ports are kept for the application, and the module takes ${RESERVED_MAX}`,
      "let the application bind ports that lie side by side, and reserve them as one range",
    );
  }
  let from = first;
  let left = last - first + 1;
  for (const [low, high] of reserved) {
    left -= high - low + 1;
    if (low < from || high < low || high > last) {
      return refused(
        "reserved",
        `the reserved ports ${low} to ${high} are not in the range ${first} to ${last}, or overlap with others`,
        "give ranges inside it that do not overlap",
      );
    }
    from = high + 1;
  }
  if (left >= 1) return undefined;
  return refused("reserved", "no port is left to allocate", "reserve fewer ports");
}

/** `configureLeases`, with the MSL that is in force. */
export function leasesRefusal(
  leases: LeaseSettings,
  mslMs: number,
): Refusal<keyof LeaseSettings> | undefined {
  const { first, longest, guard, ports } = leases;
  if (!isWhole(longest, first, TICKS_MAX)) {
    return {
      reason: "configuration",
      field: "longest",
      because: `the longest lease, ${longest} ticks, is shorter than the first, ${first}, or longer than 2^30`,
      next: "give the longest lease at least the length of the first",
    };
  }
  if (!isWhole(ports, 1, PORT_LEASE_MAX)) {
    return {
      reason: "configuration",
      field: "ports",
      because: `a port lease of ${ports} is not within 1 to ${PORT_LEASE_MAX}`,
      next: `give 1 to ${PORT_LEASE_MAX}`,
    };
  }
  if (!isWhole(guard, GUARD_MIN, TICKS_MAX)) {
    return {
      reason: "boundGuard",
      field: "guard",
      because: `a guard of ${guard} ticks is not within 2^18 to 2^30 (boundGuard)`,
      next: "give at least 2^18 ticks: it covers what a connection may run past its lease",
    };
  }
  if (first < 2 * guard) {
    return {
      reason: "boundLease",
      field: "first",
      because: `a first lease of ${first} ticks is shorter than two guards of ${guard} (boundLease)`,
      next: `give at least ${2 * guard}: half of it is left for numbers`,
    };
  }
  return isInWindow(leases, mslMs) ? undefined : windowRefusal("longest", leases, mslMs);
}

/** `configurePolicy`, as far as the MSL goes, with the leases that are in force. */
export function mslRefusal(
  mslMs: number,
  leases: LeaseSettings = DEFAULT_LEASES,
): Refusal<"mslMs" | keyof LeaseSettings> | undefined {
  if (!isWhole(mslMs, 1, MSL_MS_MAX)) {
    return {
      reason: "configuration",
      field: "mslMs",
      because: `an MSL of ${mslMs} ms is not a whole number from 1 to ${MSL_MS_MAX}`,
      next: "give whole milliseconds up to 10m; RFC 9293 says 2m",
    };
  }
  return isInWindow(leases, mslMs) ? undefined : windowRefusal("mslMs", leases, mslMs);
}

/** What the clock can move in 2 × MSL with a few reboots, against half of the sequence space. */
function windowTicks({ first, longest, guard }: LeaseSettings, mslMs: number): number {
  return longest + 2 * (2 * mslMs * TICKS_PER_MS) + REBOOTS * (first + guard) + PULL_TICKS_MAX;
}

function isInWindow(leases: LeaseSettings, mslMs: number): boolean {
  return windowTicks(leases, mslMs) < WINDOW_TICKS;
}

function windowRefusal<Field extends string>(
  field: Field,
  leases: LeaseSettings,
  mslMs: number,
): Refusal<Field> {
  return {
    reason: "boundWindow",
    field,
    because: `with ${REBOOTS} reboots in 2 × MSL the clock could move ${windowTicks(leases, mslMs)} ticks, and 2^31 is half of the sequence numbers (boundWindow)`,
    next: "give a shorter longest lease, a shorter first lease, or a shorter MSL",
  };
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
