/** What is durable, whatever it lies on: one door to the raw journal and the key-value one. */
import { Storage } from "./abi";
import { kind } from "./config";
import { add, Counter, set } from "./counters";
import * as journal from "./journal";
import { appendValue, recoverValues } from "./keyvalue";
import { clearRecord } from "./record";
import { startStorage } from "./storage";
import { k0, k1, setKey } from "./tuple";

function onValues(): bool {
  return kind == Storage.KEY_VALUE;
}

/** Reads storage anew. False when the geometry leaves no room for a record. */
export function startLedger(): bool {
  startStorage();
  clearRecord();
  setKey(0, 0);
  return onValues() || journal.startJournal();
}

/** One of FOUND, BLANK, CORRUPT, UNREADABLE; after FOUND, `record.ts` holds the newest record. */
export function recover(): u32 {
  const found = onValues() ? recoverValues() : journal.recoverJournal();
  set(Counter.LOST, journal.lost);
  return found;
}

/** Acknowledged records were lost, so nothing is known of the numbers used last. */
export function recordsLost(): bool {
  return journal.lost != 0;
}

/** Makes the drafted record durable. */
export function persist(): bool {
  return written(onValues() ? appendValue() : journal.append());
}

/** Changes the key and makes it durable with the drafted record, in one atomic step; or changes nothing. */
export function persistNewKey(low: u64, high: u64): bool {
  const oldLow = k0;
  const oldHigh = k1;
  setKey(low, high);
  const done = written(onValues() ? appendValue() : journal.appendWithNewKey());
  if (!done) setKey(oldLow, oldHigh);
  return done;
}

function written(done: bool): bool {
  if (done) add(Counter.WRITES, 1);
  return done;
}

/** Erases the next sector if it will be needed soon, and was not in this boot. */
export function prepareAhead(): void {
  if (!onValues() && journal.preparationDue()) journal.prepare();
}
