/**
 * The sequence clock V and its lease. V counts ticks of 4 µs; storage holds a ceiling above it, and
 * numbers are handed out only below the durable ceiling. The port counter is leased in the same
 * records (docs/bounds.md derives what a reboot can cost).
 */
import { uptime } from "./clock";
import { guard, leaseFirst, leaseMax, PORT_LEASE_MAX, portLeaseFirst, ringSize } from "./config";
import { persist } from "./ledger";
import { boots, ceiling, portCeiling } from "./record";

/** The sequence clock, and where it started in this boot. */
export let v: u64 = 0;
export let firstV: u64 = 0;
/**
 * Numbers are handed out while V is below this: the durable ceiling less the guard, or 0 when
 * refusing. A connection opened at the last tick then has a guard's time (1 s) until `poll` renews
 * the lease, and V never passes the ceiling under it.
 */
export let limit: u64 = 0;
/** The next allocation of the port ring, mod 2^32. */
export let portNext: u32 = 0;

/** Allocations since boot: they size the port lease. */
let portsUsed: u32 = 0;

/** `poll` renews this many ticks before a lease ends, or a quarter of the lease if that is less. */
const RENEW_AHEAD_MAX: u64 = 0x8_0000;

/** Starts above everything that an earlier boot can have used. */
export function startSequence(from: u64, firstPort: u32): void {
  v = from;
  firstV = from;
  // Only the place in the ring matters; folding far below 2^32 keeps the counter from wrapping.
  portNext = firstPort < 0x4000_0000 ? firstPort : firstPort % ringSize;
  portsUsed = 0;
  limit = 0;
}

/** Opens the gate up to the durable ceiling. */
export function openLimit(): void {
  limit = ceiling - guard;
}

/** Degraded: no ceiling, numbers are good for this boot only. */
export function openLimitWithoutLease(): void {
  limit = 0xffff_ffff_ffff_ffff;
}

export function closeLimit(): void {
  limit = 0;
}

export function passTicks(ticks: u64): void {
  v += ticks;
}

export function takePort(): void {
  portNext++;
  portsUsed++;
}

/** The lease that a write would take now: as long as the uptime, between the first and the longest. */
export function leaseNow(): u64 {
  return min<u64>(max<u64>(uptime, leaseFirst), leaseMax);
}

/** Grows with use like the sequence lease, and stays a small part of the ring. */
export function portLeaseNow(): u32 {
  const most = min<u32>(PORT_LEASE_MAX, max<u32>(ringSize >> 3, 1));
  return min<u32>(max<u32>(portsUsed, portLeaseFirst), most);
}

/** Renews the sequence lease so that `need` lies below the durable ceiling. */
export function renewSequence(need: u64): bool {
  return renew(max<u64>(ceiling, need) + leaseNow());
}

/** Renews the port lease; the same write renews the sequence lease as far as it goes today. */
export function renewPorts(): bool {
  return renew(v + leaseNow());
}

/** Makes `need` durable: after a reboot V starts above it. Without a lease there is nothing to do. */
export function makeDurable(need: u64): bool {
  return need < limit || renewSequence(need);
}

/** `poll` should renew now: the lease is nearly used up. */
export function renewalNear(): bool {
  return v + min<u64>(leaseNow() >> 2, RENEW_AHEAD_MAX) >= limit;
}

function renew(target: u64): bool {
  const ports = max<u32>(portCeiling, portNext + portLeaseNow());
  if (!persist(max<u64>(ceiling, target), ports, boots, 0)) return false;
  openLimit();
  return true;
}
