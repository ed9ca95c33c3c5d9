/**
 * The connection table: which tuples are open or in TIME_WAIT, and where their numbers ended. A
 * connection that ran ahead of the sequence clock is held here until TIME_WAIT is over and the clock has
 * passed its numbers; when an entry has to make room, the clock is raised past them instead, and the
 * ring of ports may not come back to its port before its time.
 *
 * Entry, 32 bytes: u64 tuple hash, u32 next sequence number, u32 peer's next, u32 peer's TSval,
 * u32 deadline (coarse time), u32 ring index or port, u8 state, u8 flags, u16 time of the last challenge
 * ACK.
 */
import { Reason, Segment, Verdict } from "./abi";
import { coarseNow } from "./clock";
import { mslMs, ringSize } from "./config";
import { add, Counter, set } from "./counters";
import { ENTRY_BYTES, fillBytes, TABLE_ENTRIES, table } from "./memory";
import { firstV, makeDurable, passTicks, portNext, v } from "./sequence";
import { after, distance } from "./serial";
import { hash, isnHash, keepHash, localPort } from "./tuple";

const HASH: usize = 0;
const NEXT: usize = 8;
const PEER_NEXT: usize = 12;
const PEER_TSVAL: usize = 16;
const DEADLINE: usize = 20;
const RING_INDEX: usize = 24;
const STATE: usize = 28;
const FLAGS: usize = 29;
const CHALLENGED_AT: usize = 30;

const FREE: u32 = 0;
const OPEN: u32 = 1;
const TIME_WAIT: u32 = 2;

/** The connection used timestamps; PEER_TSVAL is the last one seen. */
const TIMESTAMPS: u32 = 2;
/** RING_INDEX is the place in the ring that the port came from; without this flag it is the port. */
const FROM_RING: u32 = 4;

/** How far a connection may run ahead of V before V follows it. */
const AHEAD_MAX: u32 = 0x400_0000;
/**
 * No connection that reports in time is further ahead than this. What looks further ahead belongs to a
 * connection that was open while the clock moved on by 2^31 (2 h 23 min) and is behind; or, where the
 * clock has not moved that far in this boot, it is no report.
 */
const REPORT_MAX: u32 = 0x800_0000;
/** At most one challenge ACK in this time and connection (RFC 5961 §7 asks for a limit). */
const CHALLENGE_INTERVAL_MS: u32 = 500;

/** One bit, by its highest five, for each entry's hash: without it a tuple is not in the table. */
export let present: u32 = 0;
/** What the last survey saw: an unused entry, and the one whose TIME_WAIT ends first; 0 for none. */
let free: usize = 0;
let soonest: usize = 0;
/** Open connections in the table; and ISNs given out whose tuples are not in it and not closed. */
let openEntries: u32 = 0;
let openElsewhere: u32 = 0;
/** An entry changed since the last survey. */
let changed: bool = false;
/**
 * Ports, one bit for each value of their lowest five, that a connection outside the table uses, or one
 * that was evicted, until this time at least. The ring leaves them out.
 */
let elsewherePorts: u32 = 0;
let elsewhereUntil: u32 = 0;

/**
 * The ring may not reach an evicted port's next turn while its TIME_WAIT lasts. Two barriers: while the
 * first stands, what is evicted counts for the second, which takes over when the time of the first is
 * up. So the ring goes on when evictions never cease.
 */
let barrier: u32 = 0;
let barrierUntil: u32 = 0;
let nextBarrier: u32 = 0;
let nextBarrierUntil: u32 = 0;

export function resetTable(): void {
  fillBytes(table, 0, TABLE_ENTRIES * ENTRY_BYTES);
  moveBarrier();
  moveBarrier();
  openElsewhere = 0;
  elsewherePorts = 0;
  survey();
}

/** The entry of the selected tuple, or 0. Its hash is kept: "the tuple" is that one everywhere here. */
export function find(): usize {
  return findHash(isnHash());
}

/** The same for a hash that is known. */
export function findHash(wanted: u64): usize {
  keepHash(wanted);
  let entry = table;
  do {
    if (load<u64>(entry, HASH) == wanted && load<u8>(entry, STATE) != FREE) return entry;
    entry += ENTRY_BYTES;
  } while (entry != table + TABLE_ENTRIES * ENTRY_BYTES);
  return 0;
}

/** Reserves an entry for a port that was just taken, where `hasRoom` said that there is one. */
export function openFromRing(ringIndex: u32): void {
  const entry = claim();
  setStatus(entry, OPEN, FROM_RING);
  store<u32>(entry, ringIndex, RING_INDEX);
}

/**
 * Moves the clock past the numbers that the tuple's last connection used, and marks the tuple open. The
 * new connection may run on at the clock's rate without a report, so that the clock has to be where its
 * ISN is: the lease follows the clock. False when it cannot be made durable that far.
 */
export function passLastConnection(entry: usize): bool {
  const ahead = aheadOf(<u32>hash, load<u32>(entry, NEXT));
  if (!makeDurable(ahead)) return false;
  passTicks(ahead);
  setStatus(entry, OPEN, load<u8>(entry, FLAGS) & FROM_RING);
  return true;
}

/**
 * A connection has used its numbers up to `next`. Makes that durable if it is ahead of the clock.
 * Returns a reason, NONE when done.
 */
export function advanceTo(next: u32): u32 {
  let entry = find();
  const ahead = aheadOf(<u32>hash, next);
  if (ahead != 0) {
    if (!makeDurable(ahead)) return Reason.STORAGE_FAILED;
    if (entry == 0) {
      entry = adopt();
      if (entry != 0) setStatus(entry, OPEN, 0);
    }
    // No room: the clock takes over what the entry would have held.
    const held: u32 = entry != 0 ? AHEAD_MAX : 0;
    if (ahead > held) passTicks(ahead - held);
  } else if ((v - firstV) >> 31 == 0 && after(next, <u32>v + <u32>hash)) {
    return Reason.ARGUMENT;
  }
  if (entry != 0) store<u32>(entry, next, NEXT);
  return Reason.NONE;
}

/** A connection is closed: its tuple is in TIME_WAIT for 2 × MSL, on one side or the other. Returns a
 * reason, NONE when done. */
export function enterTimeWait(next: u32, peerNext: u32, peerTsval: u32, timestamps: bool): u32 {
  const problem = advanceTo(next);
  if (problem != Reason.NONE) return problem;
  let entry = findHash(hash);
  if (entry == 0) entry = adopt();
  if (entry == 0) {
    // Closed all the same, and nothing is lost: the clock is past its numbers.
    leaveElsewhere();
    keepPort(localPort(), coarseNow() + 2 * mslMs);
    return Reason.NONE;
  }
  store<u32>(entry, next, NEXT);
  store<u32>(entry, peerNext, PEER_NEXT);
  store<u32>(entry, peerTsval, PEER_TSVAL);
  store<u32>(entry, coarseNow() + 2 * mslMs, DEADLINE);
  // The first challenge ACK is not held back.
  store<u16>(entry, coarseNow() - CHALLENGE_INTERVAL_MS, CHALLENGED_AT);
  const fromRing = load<u8>(entry, FLAGS) & FROM_RING;
  setStatus(entry, TIME_WAIT, fromRing | (timestamps ? TIMESTAMPS : 0));
  return Reason.NONE;
}

/**
 * An attempt has come to nothing: its tuple is what it was before. Its ISN is behind the clock, so only
 * what an earlier connection left is kept.
 */
export function abandonAttempt(): u32 {
  const entry = find();
  if (entry == 0) {
    leaveElsewhere();
  } else if (load<u8>(entry, STATE) == OPEN) {
    setStatus(entry, TIME_WAIT, load<u8>(entry, FLAGS));
  }
  return 1;
}

/**
 * What to do with a SYN or RST for a tuple in TIME_WAIT (RFC 9293 §3.10.7.4, RFC 6191 §2,
 * RFC 1337, RFC 5961 §4).
 */
export function segmentVerdict(seq: u32, tsval: u32, flags: u32): u32 {
  const entry = find();
  if (entry == 0 || load<u8>(entry, STATE) != TIME_WAIT) return Verdict.NONE;
  // Held for its numbers alone.
  if (after(coarseNow(), load<u32>(entry, DEADLINE))) return Verdict.NONE;
  // An old RST must not end TIME_WAIT early (RFC 1337, fix F1).
  if ((flags & Segment.RST) != 0) return Verdict.DROP;
  let step: i32 = 0;
  if ((flags & Segment.TIMESTAMPS) != 0) {
    // With timestamps on both sides they decide, and the number only between equals; a SYN that
    // brings timestamps for the first time is told from old segments by them.
    const had = (load<u8>(entry, FLAGS) & TIMESTAMPS) != 0;
    step = had ? distance(load<u32>(entry, PEER_TSVAL), tsval) : 1;
  }
  const accept = step == 0 ? !after(load<u32>(entry, PEER_NEXT), seq) : step > 0;
  return accept ? Verdict.ACCEPT : challenge(entry);
}

function challenge(entry: usize): u32 {
  const now = coarseNow();
  const since = <u16>(now - load<u16>(entry, CHALLENGED_AT));
  if (since < <u16>CHALLENGE_INTERVAL_MS) return Verdict.DROP;
  store<u16>(entry, now, CHALLENGED_AT);
  return Verdict.CHALLENGE;
}

/** Brings the survey up to date: 32 entries are looked through only if one changed or ran out. */
export function refresh(): void {
  const now = coarseNow();
  if (after(now, barrierUntil)) moveBarrier();
  if (openElsewhere == 0 && after(now, elsewhereUntil)) {
    elsewherePorts = 0;
    elsewhereUntil = now;
  }
  if (changed || (soonest != 0 && after(now, load<u32>(soonest, DEADLINE)))) survey();
}

/**
 * Frees the entries whose TIME_WAIT is over and whose numbers the clock has passed, and sees what the
 * table holds.
 */
export function survey(): void {
  const now = coarseNow();
  let used: u32 = 0;
  present = 0;
  free = 0;
  soonest = 0;
  openEntries = 0;
  let entry = table + TABLE_ENTRIES * ENTRY_BYTES;
  do {
    entry -= ENTRY_BYTES;
    const deadline = load<u32>(entry, DEADLINE);
    const state = load<u8>(entry, STATE);
    if (state == TIME_WAIT && after(now, deadline) && entryAhead(entry) == 0)
      setStatus(entry, FREE, 0);
    if (load<u8>(entry, STATE) == FREE) {
      free = entry;
      continue;
    }
    used++;
    present |= presentBit(load<u64>(entry, HASH));
    if (state == OPEN) openEntries++;
    else if (soonest == 0 || after(load<u32>(soonest, DEADLINE), deadline)) soonest = entry;
  } while (entry != table);
  set(Counter.TABLE_USED, used);
  set(Counter.OPEN, openEntries + openElsewhere);
  set(Counter.TIME_WAIT, used - openEntries);
  changed = false;
}

/**
 * True while a connection may be using numbers, as of the last survey: then the lease must stay
 * ahead of the clock, whether or not new numbers are asked for.
 */
export function inUse(): bool {
  return (openEntries | openElsewhere) != 0;
}

/** An ISN was given out for a tuple that is not in the table. */
export function openedElsewhere(): void {
  openElsewhere++;
  elsewherePorts |= 1 << localPort();
}

/** True when a connection outside the table may be using this port. */
export function portElsewhere(port: u32): bool {
  // With every bit set they say nothing.
  return elsewherePorts != 0xffff_ffff && ((elsewherePorts >> port) & 1) != 0;
}

function leaveElsewhere(): void {
  if (openElsewhere != 0) openElsewhere--;
}

function keepPort(port: u32, until: u32): void {
  elsewherePorts |= 1 << port;
  if (after(until, elsewhereUntil)) elsewhereUntil = until;
}

/** True when a new connection can be entered. */
export function hasRoom(): bool {
  return (free | soonest) != 0;
}

/** True when the ring may not go on: its next port was evicted while still in TIME_WAIT. */
export function ringBlocked(ringIndex: u32): bool {
  return !after(barrier, ringIndex) || !after(nextBarrier, ringIndex);
}

/** A cleared entry for this tuple; 0 when all are open connections. */
function claim(): usize {
  refresh();
  let entry = free;
  if (entry == 0) {
    entry = soonest;
    if (entry == 0) return 0;
    evict(entry);
  }
  fillBytes(entry, 0, ENTRY_BYTES);
  store<u64>(entry, hash, HASH);
  store<u32>(entry, coarseNow() - 1, DEADLINE);
  store<u32>(entry, localPort(), RING_INDEX);
  // Nothing is used yet.
  store<u32>(entry, <u32>v + <u32>hash - 1, NEXT);
  present |= presentBit(hash);
  changed = true;
  return entry;
}

/** An entry for a connection whose ISN was given out while it was not in the table. */
function adopt(): usize {
  const entry = claim();
  if (entry != 0) leaveElsewhere();
  return entry;
}

/** Gives up an entry in TIME_WAIT; what it held goes to the clock, and its port to the barrier. */
function evict(entry: usize): void {
  // Its numbers were made durable by `advanceTo`, so raising the clock needs no write.
  passTicks(entryAhead(entry));
  add(Counter.EVICTIONS, 1);
  const until = load<u32>(entry, DEADLINE);
  if (after(coarseNow(), until)) return;
  const place = load<u32>(entry, RING_INDEX);
  if ((load<u8>(entry, FLAGS) & FROM_RING) == 0) {
    keepPort(place, until);
    return;
  }
  // Its next turn, wherever the ring is: it may have come past it while the port was busy.
  const again = portNext + ringSize - 1 - ((portNext - place - 1) % ringSize);
  if (after(nextBarrier, again)) nextBarrier = again;
  if (after(until, nextBarrierUntil)) nextBarrierUntil = until;
}

/** The second barrier takes over; the new second one is as far away as the ring counter can tell. */
function moveBarrier(): void {
  barrier = nextBarrier;
  barrierUntil = nextBarrierUntil;
  nextBarrier = portNext + 0x7fff_ffff;
  nextBarrierUntil = coarseNow();
}

/** How far the clock is behind the first number after `next`, in ticks; 0 when it has passed that. */
function aheadOf(offset: u32, next: u32): u32 {
  const ahead = next + 1 - (<u32>v + offset);
  return ahead > REPORT_MAX ? 0 : ahead;
}

/** How far it is behind the numbers of an entry. */
function entryAhead(entry: usize): u32 {
  return aheadOf(load<u32>(entry, HASH), load<u32>(entry, NEXT));
}

/** State and flags lie side by side. */
function setStatus(entry: usize, state: u32, flags: u32): void {
  store<u16>(entry, <u32>state | ((<u32>flags) << 8), STATE);
  changed = true;
}

function presentBit(tuple: u64): u32 {
  const bit = <u32>(tuple >> 59);
  return 1 << bit;
}
