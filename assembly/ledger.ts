/** What is durable, whatever it lies on: one door to the raw journal and the key-value one. */
import { Storage } from "./abi";
import { kind, sectors } from "./config";
import { add, Counter, set } from "./counters";
import * as journal from "./journal";
import { appendValue, recoverValues } from "./keyvalue";
import { boots, ceiling, clearRecord, draftRecord, passEpochs, portCeiling } from "./record";
import { startStorage } from "./storage";
import { k0, k1, setKey } from "./tuple";

function onValues(): bool {
  return kind == Storage.KEY_VALUE;
}

/** Begins anew. False when no storage was configured. */
export function startLedger(): bool {
  startStorage();
  set(Counter.LOST, 0);
  clearRecord();
  setKey(0, 0);
  if (onValues()) return true;
  if (sectors == 0) return false;
  journal.startJournal();
  return true;
}

/** One of FOUND, BLANK, CORRUPT, UNREADABLE; after FOUND, `record.ts` holds the newest record. */
export function recover(): u32 {
  return onValues() ? recoverValues() : journal.recoverJournal();
}

/** Makes the drafted record durable, with at most so many erases on the way: see `unfinished`. */
export function persist(erasesAllowed: u32): bool {
  return written(onValues() ? appendValue() : journal.append(erasesAllowed));
}

/**
 * Changes the key and makes it durable with the drafted record, in one atomic step; or changes nothing.
 * Either way an epoch begins: of a step that failed, some part may be in memory.
 */
export function persistNewKey(low: u64, high: u64): bool {
  const oldLow = k0;
  const oldHigh = k1;
  setKey(low, high);
  passEpochs(1);
  const done = written(onValues() ? appendValue() : journal.appendWithNewKey());
  if (!done) {
    setKey(oldLow, oldHigh);
    passEpochs(1);
  }
  return done;
}

function written(done: bool): bool {
  if (done) add(Counter.WRITES, 1);
  return done;
}

/** A single sector takes the records, and its slots are numbered. */
export function nearEnd(): bool {
  return !onValues() && journal.lone();
}

/** The last write did not fail, but it has a sector to erase with the next call. */
export function unfinished(): bool {
  return !onValues() && journal.unfinished();
}

/** The next record has to erase a sector first. */
export function rotationDue(): bool {
  return journal.eraseDue() && !onValues() && !journal.lone();
}

/**
 * Writes the newest record anew, in a fresh pair, where `rotationDue`. That erases sectors now rather than
 * when a connection waits for it. False when it failed.
 */
export function rotate(erasesAllowed: u32): bool {
  draftRecord(ceiling, portCeiling, boots, 0);
  return journal.append(erasesAllowed) || journal.unfinished();
}
