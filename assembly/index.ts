/**
 * The module's exports, ABI 1.1: u32 in, u32 out (docs/abi.md). IPv4 addresses are numbers,
 * 10.77.0.2 is 0x0A4D0002; IPv6 addresses lie in the I/O buffer, 16 bytes local, 16 bytes remote.
 * Unless a function says otherwise 0 means refused, and `reason` tells why.
 */
import { ABI_VERSION, Reason, Segment, State } from "./abi";
import { setRate } from "./clock";
import { reserveRange, setGeometry, setLeases, setPolicy, setPortRange } from "./config";
import { COUNTERS, get } from "./counters";
import { giveKey } from "./entropy";
import * as lifecycle from "./lifecycle";
import { ready } from "./lifecycle";
import { fillBytes, IO_BYTES, io } from "./memory";
import { nextIsn, nextTimestamp } from "./numbers";
import { allocatePort } from "./ports";
import { MESSAGE_END, siphash } from "./siphash";
import { reason as lastReason, state as lifecycleState, refuse } from "./status";
import { abandonAttempt, advanceTo, enterTimeWait, segmentVerdict, survey } from "./timewait";
import { k0, k1, select4, select6 } from "./tuple";

export function version(): u32 {
  return ABI_VERSION;
}

/** Address of the I/O buffer in the module's memory. */
export function ioBuffer(): u32 {
  return <u32>io;
}

export function ioBytes(): u32 {
  return IO_BYTES;
}

// Configuration: before `boot`, each returns 1, or 0 for a value out of range.

export function configureStorage(kind: u32, sectorBytes: u32, sectors: u32, granule: u32): u32 {
  if (!configurable()) return 0;
  return inRange(setGeometry(kind, sectorBytes, sectors, granule));
}

export function configureClock(hz: u32): u32 {
  if (!configurable()) return 0;
  return accepted(setRate(hz) ? Reason.NONE : Reason.BOUND_CLOCK);
}

export function configurePorts(first: u32, last: u32): u32 {
  if (!configurable()) return 0;
  return inRange(setPortRange(first, last));
}

export function reservePorts(first: u32, last: u32): u32 {
  if (!configurable()) return 0;
  return inRange(reserveRange(first, last));
}

export function configureLeases(first: u32, longest: u32, guard: u32, ports: u32): u32 {
  if (!configurable()) return 0;
  return accepted(setLeases(first, longest, guard, ports));
}

export function configurePolicy(policy: u32, mslMs: u32): u32 {
  if (!configurable()) return 0;
  return accepted(setPolicy(policy, mslMs));
}

// Life: states and provisioning.

export function boot(): u32 {
  return lifecycle.boot();
}

export function poll(): u32 {
  return lifecycle.poll();
}

export function state(): u32 {
  return lifecycleState;
}

export function reason(): u32 {
  return lastReason;
}

export function quietMs(): u32 {
  return lifecycle.quietMs();
}

/** Takes a 16-byte key from the I/O buffer and wipes it there. */
export function provision(options: u32): u32 {
  giveKey(load<u64>(io), load<u64>(io + 8));
  fillBytes(io, 0, 16);
  return lifecycle.provision(options);
}

export function provisionFromEntropy(options: u32): u32 {
  return lifecycle.provisionFromEntropy(options);
}

/** A short name for the key, which tells nothing of it; 0 without a key. */
export function fingerprint(): u32 {
  if ((k0 | k1) == 0) return 0;
  // The message is empty.
  store<u64>(MESSAGE_END - 8, 0);
  return <u32>siphash(MESSAGE_END - 8);
}

// Numbers.

export function isn4(localAddress: u32, localPort: u32, remoteAddress: u32, remotePort: u32): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return nextIsn();
}

export function isn6(localPort: u32, remotePort: u32): u32 {
  select6(localPort, remotePort);
  return nextIsn();
}

export function port4(localAddress: u32, remoteAddress: u32, remotePort: u32): u32 {
  select4(localAddress, 0, remoteAddress, remotePort);
  return allocatePort();
}

export function port6(remotePort: u32): u32 {
  select6(0, remotePort);
  return allocatePort();
}

export function timestamp4(
  localAddress: u32,
  localPort: u32,
  remoteAddress: u32,
  remotePort: u32,
): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return nextTimestamp();
}

export function timestamp6(localPort: u32, remotePort: u32): u32 {
  select6(localPort, remotePort);
  return nextTimestamp();
}

// Progress and end of connections.

export function advance4(
  localAddress: u32,
  localPort: u32,
  remoteAddress: u32,
  remotePort: u32,
  next: u32,
): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return advance(next);
}

export function advance6(localPort: u32, remotePort: u32, next: u32): u32 {
  select6(localPort, remotePort);
  return advance(next);
}

export function close4(
  localAddress: u32,
  localPort: u32,
  remoteAddress: u32,
  remotePort: u32,
  next: u32,
  peerNext: u32,
  peerTsval: u32,
  flags: u32,
): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return close(next, peerNext, peerTsval, flags);
}

export function close6(
  localPort: u32,
  remotePort: u32,
  next: u32,
  peerNext: u32,
  peerTsval: u32,
  flags: u32,
): u32 {
  select6(localPort, remotePort);
  return close(next, peerNext, peerTsval, flags);
}

/**
 * An attempt that never became a connection is over: its SYN was refused or timed out, or was not sent.
 * Its tuple is let go without an end. Call it once for each ISN or port that comes to nothing.
 */
export function abandon4(
  localAddress: u32,
  localPort: u32,
  remoteAddress: u32,
  remotePort: u32,
): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return abandonAttempt();
}

export function abandon6(localPort: u32, remotePort: u32): u32 {
  select6(localPort, remotePort);
  return abandonAttempt();
}

/** Verdict for a SYN or RST that reaches a tuple: `Verdict` in abi.ts. 0 says: not in TIME_WAIT. */
export function syn4(
  localAddress: u32,
  localPort: u32,
  remoteAddress: u32,
  remotePort: u32,
  seq: u32,
  tsval: u32,
  flags: u32,
): u32 {
  select4(localAddress, localPort, remoteAddress, remotePort);
  return verdict(seq, tsval, flags);
}

export function syn6(localPort: u32, remotePort: u32, seq: u32, tsval: u32, flags: u32): u32 {
  select6(localPort, remotePort);
  return verdict(seq, tsval, flags);
}

/** A counter by its number: docs/abi.md lists them. Unknown numbers give 0. */
export function counter(id: u32): u32 {
  survey();
  return id < COUNTERS ? get(id) : 0;
}

/** Configuration ends with `boot`; what comes later is refused. */
function configurable(): bool {
  if (lifecycleState == State.OFF) return true;
  refuse(Reason.CONFIGURATION);
  return false;
}

function inRange(done: bool): u32 {
  return accepted(done ? Reason.NONE : Reason.CONFIGURATION);
}

function advance(next: u32): u32 {
  if (!ready()) return 0;
  return accepted(advanceTo(next));
}

function close(next: u32, peerNext: u32, peerTsval: u32, flags: u32): u32 {
  if (!ready()) return 0;
  const timestamps = (flags & Segment.TIMESTAMPS) != 0;
  return accepted(enterTimeWait(next, peerNext, peerTsval, timestamps));
}

function verdict(seq: u32, tsval: u32, flags: u32): u32 {
  return segmentVerdict(seq, tsval, flags);
}

function accepted(problem: u32): u32 {
  return problem == Reason.NONE ? 1 : refuse(problem);
}
