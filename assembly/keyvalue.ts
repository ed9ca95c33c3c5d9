/**
 * The journal on a platform's own key-value store: two keys, each with header and record in one
 * value. Both hold the same once a write is acknowledged. The key that does not hold the newest
 * record is written first, so at every instant one of them holds what was acknowledged last.
 */
import { Counter, set } from "./counters";
import { BLANK, CORRUPT, FOUND, UNREADABLE } from "./journal";
import { page } from "./memory";
import {
  acknowledgeDraft,
  headerValid,
  putHeader,
  putRecord,
  recordNumber,
  recordValid,
  STRUCTURE_BYTES,
  takeHeaderKey,
  takeRecord,
} from "./record";
import { programPage, readErrors, readTo } from "./storage";

const VALUE_BYTES: u32 = 2 * STRUCTURE_BYTES;
const VALUES: u32 = 2;

/** The key that held the newest valid record at boot. */
let newestKey: u32 = 0;

export function recoverValues(): u32 {
  let outcome = BLANK;
  for (let key: u32 = 0; key < VALUES; key++) {
    if (!readTo(page, key, VALUE_BYTES)) continue;
    if (!headerValid(page) || !recordValid(page + STRUCTURE_BYTES)) {
      if (outcome != FOUND) outcome = CORRUPT;
      continue;
    }
    if (outcome == FOUND && load<u32>(page + STRUCTURE_BYTES) <= recordNumber) continue;
    outcome = FOUND;
    newestKey = key;
    takeHeaderKey(page);
    takeRecord(page + STRUCTURE_BYTES);
  }
  if (outcome != FOUND && readErrors) return UNREADABLE;
  return outcome;
}

/** Makes the draft durable. */
export function appendValue(): bool {
  putHeader(page, recordNumber + 1, recordNumber);
  putRecord(page + STRUCTURE_BYTES);
  if (!programPage(1 - newestKey, VALUE_BYTES) || !programPage(newestKey, VALUE_BYTES)) {
    return false;
  }
  acknowledgeDraft();
  set(Counter.WEAR, recordNumber);
  return true;
}
