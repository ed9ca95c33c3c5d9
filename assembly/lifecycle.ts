/**
 * From power-on to READY, and the gate that every number passes. The rule is fail closed: without a
 * key, a durable ceiling and, where it is owed, quiet time, nothing is handed out.
 */
import { Policy, Provision, Reason, State } from "./abi";
import { rateSet, startClock, TICKS_HZ, TICKS_PER_MS, uptime } from "./clock";
import { guard, mslMs, policy } from "./config";
import { Counter, resetCounters, set } from "./counters";
import { drawKey, keyHigh, keyLow } from "./entropy";
import { ANY_NUMBER, BLANK, FOUND, recordsLost, UNREAD, UNREADABLE } from "./journal";
import {
  nearEnd,
  persist,
  persistNewKey,
  recover,
  rotate,
  rotationDue,
  startLedger,
  unfinished,
} from "./ledger";
import {
  beginEpochUnknown,
  boots,
  ceiling,
  FLAG_QUIET,
  forgetPortCeiling,
  portCeiling,
  quietOwed,
} from "./record";
import {
  closeLimit,
  draftLease,
  erasesAllowed,
  followClock,
  limit,
  openLimit,
  openLimitWithoutLease,
  portNext,
  renewalNear,
  renewSequence,
  startSequence,
  stopRunning,
  v,
} from "./sequence";
import { reason, refuse, setState, state, stateReason } from "./status";
import { inUse, refresh, resetTable } from "./timewait";
import { setKey } from "./tuple";

/** Running on a key of this boot only. */
export let degraded: bool = false;

/** What storage held at this boot. */
let found: u32 = 2;
/** The boot record is durable: what fails later is only a renewal. */
let booted: bool = false;
let quietUntil: u64 = 0;
/**
 * A number was asked for since the last renewal. A device that asks for none and has no connection
 * open renews nothing: it writes once at most, when its pair is full.
 */
let asked: bool = false;
/** Storage that failed is tried again once a second, not at every call. */
let retryAt: u64 = 0;

/** Power-on: reads the journal and makes this boot durable. Returns the state. */
export function boot(): u32 {
  resetCounters();
  resetTable();
  degraded = false;
  found = UNREAD;
  startClock();
  startUp();
  return state;
}

/** Time since boot goes on, leases are renewed ahead, quiet time ends. Returns the state. */
export function poll(): u32 {
  followClock();
  refresh();
  if (state == State.READY) {
    if (degraded) return state;
    const idle = !(asked || inUse());
    // Not on the path of a connection: the moment to erase and to write. A device that is idle erases now
    // as well: the number that it is asked for next may come when the lease has no time left for it.
    if (uptime >= retryAt && rotationDue()) {
      if (!rotate(idle ? ANY_NUMBER : erasesAllowed())) retryAt = uptime + TICKS_HZ;
      followClock();
    }
    if (idle || !renewalNear()) return state;
  }
  goOn();
  // Writing takes its time, and the clock goes on.
  followClock();
  checkLimit();
  if (state != State.READY) stopRunning();
  return state;
}

/** The gate: true when a number may be handed out now. */
export function ready(): bool {
  followClock();
  asked = true;
  return v < limit || openGate();
}

/** Milliseconds of quiet time left. */
export function quietMs(): u32 {
  if (state != State.QUIET || uptime >= quietUntil) return 0;
  // At most 2 × 600,000 ms: 32 bits hold it.
  return (<u32>(quietUntil - uptime) + TICKS_PER_MS - 1) / TICKS_PER_MS;
}

/**
 * Gives the device the key in `keyLow` and `keyHigh`, once; or another one, after which it keeps quiet. 1 when
 * it is durable.
 */
export function provision(options: u32): u32 {
  if (found == UNREAD) return refuse(Reason.NOT_BOOTED);
  const replace = (options & Provision.REPLACE) != 0;
  if (found == FOUND && !replace) return refuse(Reason.ALREADY_PROVISIONED);
  if ((keyLow | keyHigh) == 0) return refuse(Reason.ARGUMENT);
  // A virgin chip and a wiped one look the same; only who provisions knows, and only blank storage and
  // a device that has not spoken can bear them out.
  const quiet = (options & Provision.NEW_DEVICE) == 0 || found != BLANK || degraded;
  followClock();
  if (found != FOUND && found != BLANK) beginEpochUnknown();
  // As at a boot, V goes on above all numbers, for the key may be the same.
  const from = ceiling + guard;
  draftLease(from, boots + u32(!booted), quiet ? FLAG_QUIET : 0);
  // When that fails nothing has changed: quiet time that is owed goes on, and so does a lease.
  if (!persistNewKey(keyLow, keyHigh)) return refuse(Reason.STORAGE_FAILED);
  startSequence(from, portNext);
  found = FOUND;
  booted = true;
  degraded = false;
  set(Counter.DEGRADED, 0);
  // Connections of the old key's numbers are not the new key's.
  resetTable();
  settle(quiet);
  return 1;
}

/** The same with a key from the board's entropy source. */
export function provisionFromEntropy(options: u32): u32 {
  const problem = drawKey();
  if (problem != Reason.NONE) return refuse(problem);
  return provision(options);
}

/** Reads storage and makes this boot durable; leaves the state that follows. */
function startUp(): void {
  booted = false;
  asked = false;
  closeLimit();
  if (!rateSet() || !startLedger()) {
    setState(State.FAILED, Reason.CONFIGURATION);
    return;
  }
  found = recover();
  if (found != FOUND) {
    startWithoutKey();
    return;
  }
  // V starts above every number of every earlier boot.
  startSequence(ceiling + guard, portCeiling);
  // The ring goes on at the old ceiling, or at the same place of it far below.
  forgetPortCeiling();
  recordBoot();
}

/** This boot's first lease becomes durable. */
function recordBoot(): void {
  const lost = recordsLost();
  const quiet = quietOwed || lost;
  draftLease(v, boots + 1, <u32>quiet * FLAG_QUIET);
  // After a loss nothing is erased before quiet time is over, for what cannot be read now may be readable;
  // else there is no limit: 0 or ANY_NUMBER.
  booted = persist(u32(lost) - 1);
  if (!booted && !lost) {
    retryAt = uptime + TICKS_HZ;
    setState(State.FAILED, Reason.STORAGE_FAILED);
    degrade();
    return;
  }
  settle(quiet);
}

function startWithoutKey(): void {
  retryAt = uptime + TICKS_HZ;
  setState(found == BLANK ? State.UNPROVISIONED : State.FAILED, found);
  if (found != UNREADABLE && (policy & Policy.SELF_PROVISION) != 0) {
    // A device on its own cannot know whether it is new or was wiped, so this ends in quiet time.
    if (provisionFromEntropy(0) != 0) return;
    setState(State.FAILED, reason);
  }
  degrade();
}

/** By policy: a key of this boot only, after quiet time. It cannot protect the boot that follows. */
function degrade(): void {
  if ((policy & Policy.DEGRADED) == 0) return;
  const problem = drawKey();
  if (problem != Reason.NONE) {
    setState(State.FAILED, problem);
    return;
  }
  setKey(keyLow, keyHigh);
  startSequence(guard, <u32>keyLow >> 1);
  degraded = true;
  set(Counter.DEGRADED, 1);
  settle(true);
}

/** Goes on with a good record; who comes here with quiet time owed has closed the limit. */
function settle(quiet: bool): void {
  if (quiet) {
    quietUntil = uptime + mslMs * (2 * TICKS_PER_MS);
    setState(State.QUIET, Reason.QUIET);
  } else {
    setReady();
    if (degraded) openLimitWithoutLease();
    else openLimit();
  }
}

/** Quiet time is over when its length has passed and a record says so. */
function endQuiet(): void {
  if (uptime < quietUntil) return;
  if (degraded || renewSequence(1)) {
    booted = true;
    settle(false);
  } else quietUntil = uptime + TICKS_HZ;
}

/** The slow side of the gate: V has reached its ceiling, or the state does not allow numbers. */
function openGate(): bool {
  // No connection runs on the old lease, so that the write may take its time.
  if (!inUse()) stopRunning();
  goOn();
  followClock();
  checkLimit();
  if (state == State.READY) return true;
  refuse(stateReason);
  return false;
}

/** Nothing is READY beyond the limit. */
function checkLimit(): void {
  if (state == State.READY && v >= limit) setState(State.FAILED, Reason.STORAGE_FAILED);
}

/** Does what the state waits for, when it is time. */
function goOn(): void {
  if (state == State.QUIET) endQuiet();
  else if (state == State.FAILED) retry();
  else if (state == State.READY) renewLease();
}

function retry(): void {
  // What storage does not hold does not come back by reading it again.
  if (found != FOUND && found != UNREADABLE) return;
  if (booted) renewLease();
  else if (uptime < retryAt) return;
  else if (found == FOUND) recordBoot();
  else startUp();
}

function renewLease(): void {
  if (uptime >= retryAt) {
    if (renewSequence(1)) {
      asked = false;
      setReady();
      return;
    }
    if (unfinished() && v < limit) return;
    retryAt = uptime + TICKS_HZ;
  }
  // What was leased before stays good; the state changes when it is used up, whether or not it is time
  // to try again.
  setState(v < limit ? State.READY : State.FAILED, Reason.STORAGE_FAILED);
}

/** READY; with a single sector left, the reason says so ahead of the end. */
function setReady(): void {
  setState(State.READY, nearEnd() ? Reason.WEAR : Reason.NONE);
}
