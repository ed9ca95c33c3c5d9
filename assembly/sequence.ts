/**
 * The sequence clock V and its lease. V counts ticks of 4 µs; storage holds a ceiling above it, and
 * numbers are handed out only below the durable ceiling. The port counter is leased in the same
 * records (docs/bounds.md derives what a reboot can cost).
 */
import { followCounter, uptime } from "./clock";
import { guard, leaseFirst, leaseMax, PORT_LEASE_MAX, portLeaseFirst, ringSize } from "./config";
import { ANY_NUMBER } from "./journal";
import { persist, rotationDue } from "./ledger";
import { boots, ceiling, draftRecord, portCeiling } from "./record";
import { distance } from "./serial";

/** The sequence clock, and where it started in this boot. */
export let v: u64 = 0;
export let firstV: u64 = 0;
/**
 * Numbers are handed out while V is below this: the durable ceiling less the guard, or 0 when
 * refusing. A connection opened at the last tick then has a guard's time (1 s) until `poll` renews
 * the lease, and V never passes the ceiling under it.
 */
export let limit: u64 = 0;
/** Connections may be running on the lease. */
let running: bool = false;
/** The next allocation of the port ring, mod 2^32. */
export let portNext: u32 = 0;

/** Allocations since boot: they size the port lease. */
let portsUsed: u32 = 0;

/** What an erase may take: 1.05 s. */
const ERASE_TICKS_MAX: u32 = 0x4_0000;
/** `poll` renews this many ticks before a lease ends, or a quarter of the lease if that is less. */
const RENEW_AHEAD_MAX: u32 = 0x8_0000;

/** Starts above everything that an earlier boot can have used. */
export function startSequence(from: u64, firstPort: u32): void {
  v = from;
  firstV = from;
  // Only the place in the ring matters; folding far below 2^32 keeps the counter from wrapping.
  portNext = firstPort < 0x4000_0000 ? firstPort : firstPort % ringSize;
  portsUsed = 0;
  closeLimit();
}

/** Opens the gate up to the durable ceiling. */
export function openLimit(): void {
  limit = ceiling - guard;
  running = true;
}

const WITHOUT_LEASE: u64 = 0xffff_ffff_ffff_ffff;

/** Degraded: no ceiling, numbers are good for this boot only. */
export function openLimitWithoutLease(): void {
  limit = WITHOUT_LEASE;
}

export function closeLimit(): void {
  limit = 0;
  running = false;
}

export function passTicks(ticks: u32): void {
  v += ticks;
}

/** One tick: as small as it is, it costs the path of an ISN no call. */
export function passTick(): void {
  v++;
}

/** V takes the time that has passed since the last call. */
export function followClock(): void {
  v += followCounter();
}

export function takePort(): void {
  portNext++;
  portsUsed++;
}

/** The lease that a write would take now: as long as the uptime, between the first and the longest. */
export function leaseNow(): u32 {
  return max<u32>(uptime < leaseMax ? <u32>uptime : leaseMax, leaseFirst);
}

/** Grows with use like the sequence lease, and stays a small part of the ring. */
export function portLeaseNow(): u32 {
  const most = min<u32>(PORT_LEASE_MAX, max<u32>(ringSize >> 3, 1));
  return min<u32>(portLeaseFirst + portsUsed, most);
}

/** Renews the sequence lease so that `ahead` ticks from V lie below the durable ceiling. */
export function renewSequence(ahead: u32): bool {
  return renew(max<u64>(ceiling, v + ahead));
}

/**
 * Passes over ports of the ring, so that the next one lies below the durable ceiling. The write that this
 * may take renews the sequence lease as far as it goes today. False, and nothing passed, when it failed.
 */
export function passPorts(ports: u32): bool {
  const from = portNext;
  portNext += ports;
  // In degraded mode there is no durable ceiling.
  if (limit == WITHOUT_LEASE || distance(portNext, portCeiling) > 0 || renew(v)) return true;
  portNext = from;
  return false;
}

/**
 * Makes `ahead` ticks from V durable: after a reboot V starts above them. Without a lease there is nothing
 * to do. Where the next renewal has to erase, it comes while the lease has time for that: V may be there
 * at once.
 */
export function makeDurable(ahead: u32): bool {
  const spare = <u32>rotationDue() * (2 * ERASE_TICKS_MAX);
  if (v + ahead + spare >= limit) renewSequence(ahead);
  return v + ahead < limit;
}

/** `poll` should renew now: the lease is nearly used up. */
export function renewalNear(): bool {
  return v + min<u32>(leaseNow() >> 2, RENEW_AHEAD_MAX) >= limit;
}

/** Drafts the record that leases from `from`, and ports, as far as they go today. */
export function draftLease(from: u64, newBoots: u32, newFlags: u32): void {
  const ports = max<u32>(portCeiling, portNext + portLeaseNow());
  draftRecord(max<u64>(ceiling, from + leaseNow()), ports, newBoots, newFlags);
}

/**
 * How many erases a write may begin now. While connections run on the old lease, each takes up to a second
 * of what is left of it, for they may run no further than a guard past its limit.
 */
export function erasesAllowed(): u32 {
  if (!running) return ANY_NUMBER;
  return v < limit ? <u32>(limit - v) / ERASE_TICKS_MAX : 0;
}

/** No connection runs on the lease: none is open, or the caller has been told to stop them. */
export function stopRunning(): void {
  running = false;
}

function renew(from: u64): bool {
  draftLease(from, boots, 0);
  if (!persist(erasesAllowed())) return false;
  openLimit();
  return true;
}
