/**
 * Configuration, given before `boot`. Each setter checks its values and changes nothing when one is
 * out of range. Initialisers are literals, so that the module needs no start function.
 */
import { Policy, Reason, Storage } from "./abi";
import { PAGE_BYTES, RESERVED_RANGES, reserved } from "./memory";

/** Storage: kind, and for raw memory sector size, number of sectors and program granule, in bytes. */
export let kind: u32 = 0;
export let sectorBytes: u32 = 0;
export let sectors: u32 = 0;
export let granule: u32 = 0;

/** Leases and guard in ticks of 4 µs: 2^20 (4.2 s), 2^26 (268 s), 2^18; the port lease in ports. */
export let leaseFirst: u32 = 0x10_0000;
export let leaseMax: u32 = 0x400_0000;
export let guard: u32 = 0x4_0000;
export let portLeaseFirst: u32 = 16;

/** The port range and, less the reserved ranges, the size of the ring. */
export let portFirst: u32 = 1024;
export let portLast: u32 = 65535;
export let ringSize: u32 = 64512;
export let reservedRanges: u32 = 0;
/** The first port that the next reserved range may begin with. */
let reservable: u32 = 1024;

export let policy: u32 = 0;
/** Maximum segment lifetime, RFC 9293 §3.4.2: 2 minutes. */
export let mslMs: u32 = 120_000;

/** Longest port lease: a reboot skips at most this many ports. */
export const PORT_LEASE_MAX: u32 = 1024;
const MSL_MS_MAX: u32 = 600_000;
const SECTORS_MAX: u32 = 32;
/** Copies of 32 bytes, padded to granules, that a sector holds at least: two of its header and four records. */
const COPIES_MIN: u32 = 6;

// The bounds of docs/bounds.md, "Settings". A connection may run 2^18 numbers past its last report, and
// the clock may run a second, 250,000 ticks, past the limit until a poll sees it, and as long as the
// counter takes for one count: twice the guard has to cover that.
const GUARD_MIN: u32 = 0x4_0000;
const TICKS_MAX: u32 = 0x4000_0000;
/** Reboots in 2 × MSL that any setting stands. */
const REBOOTS: u32 = 16;
/** What connections that run ahead of the clock may pull it along. */
const PULL_MAX: u32 = 0x800_0000;
const WINDOW: u32 = 0x8000_0000;
const TICKS_IN_2_MS: u32 = 500;

export function setGeometry(
  newKind: u32,
  newSectorBytes: u32,
  newSectors: u32,
  newGranule: u32,
): bool {
  if (newKind > Storage.KEY_VALUE) return false;
  if (newKind != Storage.KEY_VALUE) {
    // A granule is a power of two and at most half a page, so that a padded copy fits.
    if (newGranule - 1 >= PAGE_BYTES / 2 || (newGranule & (newGranule - 1)) != 0) return false;
    if (newSectors - 2 > SECTORS_MAX - 2 || newSectorBytes % newGranule != 0) return false;
    if (newSectorBytes < COPIES_MIN * max<u32>(newGranule, 32)) return false;
    // Offsets are u32.
    if ((<u64>newSectorBytes * newSectors) >> 32 != 0) return false;
  }
  kind = newKind;
  sectorBytes = newSectorBytes;
  sectors = newSectors;
  granule = newGranule;
  return true;
}

/** Sets the range and clears the reserved ranges. */
export function setPortRange(first: u32, last: u32): bool {
  if (first - 1 >= last || last > 65535) return false;
  portFirst = first;
  portLast = last;
  ringSize = last - first + 1;
  reservedRanges = 0;
  reservable = first;
  return true;
}

/** Takes a part of the range out of the ring. Ranges come in rising order; one port must stay. */
export function reserveRange(first: u32, last: u32): bool {
  if (first < reservable || last < first || last > portLast) return false;
  const ports = last - first + 1;
  if (reservedRanges == RESERVED_RANGES || ports >= ringSize) return false;
  store<u32>(reserved + (reservedRanges << 2), first | (last << 16));
  reservedRanges++;
  reservable = last + 1;
  ringSize -= ports;
  return true;
}

export function rangeFirst(i: u32): u32 {
  return load<u16>(reserved + (i << 2));
}

export function rangeLast(i: u32): u32 {
  return load<u16>(reserved + (i << 2), 2);
}

/** Returns a reason: NONE, or the bound that the values break. */
export function setLeases(first: u32, longest: u32, newGuard: u32, ports: u32): u32 {
  if (longest < first || longest > TICKS_MAX || ports - 1 >= PORT_LEASE_MAX) {
    return Reason.CONFIGURATION;
  }
  if (newGuard - GUARD_MIN > TICKS_MAX - GUARD_MIN) return Reason.BOUND_GUARD;
  // Half of the first lease is left for handing out numbers.
  if (first < 2 * newGuard) return Reason.BOUND_LEASE;
  if (!inWindow(first, longest, newGuard, mslMs)) return Reason.BOUND_WINDOW;
  leaseFirst = first;
  leaseMax = longest;
  guard = newGuard;
  portLeaseFirst = ports;
  return Reason.NONE;
}

/** Returns a reason: NONE, or what the values break. */
export function setPolicy(newPolicy: u32, newMslMs: u32): u32 {
  if (newPolicy > (Policy.DEGRADED | Policy.SELF_PROVISION) || newMslMs - 1 >= MSL_MS_MAX) {
    return Reason.CONFIGURATION;
  }
  if (!inWindow(leaseFirst, leaseMax, guard, newMslMs)) return Reason.BOUND_WINDOW;
  policy = newPolicy;
  mslMs = newMslMs;
  return Reason.NONE;
}

/** What the clock can move in 2 × MSL with a few reboots stays below half of the sequence space. */
function inWindow(first: u32, longest: u32, newGuard: u32, newMslMs: u32): bool {
  // All in sixteenths, which 32 bits hold: the leases and the guard are at most 2^30 each.
  const steady = (longest + 2 * newMslMs * TICKS_IN_2_MS + PULL_MAX) / REBOOTS;
  return steady + first + newGuard < WINDOW / REBOOTS;
}
