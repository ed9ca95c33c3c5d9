/**
 * The journal on a platform's own key-value store: key 0, then key 1, each with header and record in
 * one value. Both hold the same once a write is acknowledged, so one lost or torn value costs
 * nothing, and a write that was cut leaves the older value under key 1.
 */
import { Counter, set } from "./counters";
import { BLANK, CORRUPT, FOUND, UNREADABLE } from "./journal";
import { page } from "./memory";
import {
  acknowledgeDraft,
  HEADER_BYTES,
  headerValid,
  putHeader,
  putRecord,
  RECORD_BYTES,
  recordNumber,
  recordValid,
  takeHeaderKey,
  takeRecord,
} from "./record";
import { programPage, readErrors, readTo } from "./storage";

const VALUE_BYTES: u32 = HEADER_BYTES + RECORD_BYTES;
const VALUES: u32 = 2;

export function recoverValues(): u32 {
  let outcome = BLANK;
  for (let key: u32 = 0; key < VALUES; key++) {
    if (!readTo(page, key, VALUE_BYTES)) continue;
    if (!headerValid(page) || !recordValid(page + HEADER_BYTES)) {
      if (outcome != FOUND) outcome = CORRUPT;
      continue;
    }
    if (outcome == FOUND && load<u32>(page + HEADER_BYTES) <= recordNumber) continue;
    outcome = FOUND;
    takeHeaderKey(page);
    takeRecord(page + HEADER_BYTES);
  }
  if (outcome != FOUND && readErrors) return UNREADABLE;
  return outcome;
}

/** Makes the draft durable. */
export function appendValue(): bool {
  putHeader(page, recordNumber + 1);
  putRecord(page + HEADER_BYTES, 0);
  for (let key: u32 = 0; key < VALUES; key++) {
    if (!programPage(key, VALUE_BYTES)) return false;
  }
  acknowledgeDraft();
  set(Counter.WEAR, recordNumber);
  return true;
}
