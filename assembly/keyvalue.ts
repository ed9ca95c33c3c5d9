/**
 * The journal on a platform's own key-value store: two keys, each with header and record in one
 * value. Both hold the same once a write is acknowledged. The key that may hold a put that was cut is
 * written first, so at every instant the other one holds what was acknowledged last, whether or not
 * such a put leaves a value behind.
 */
import { Counter, set } from "./counters";
import { BLANK, CORRUPT, FOUND, UNREADABLE } from "./journal";
import { page } from "./memory";
import {
  acknowledgeDraft,
  headerGeneration,
  headerPair,
  headerValid,
  putHeader,
  putRecord,
  rankOf,
  recordTag,
  recordValid,
  STRUCTURE_BYTES,
  takeHeaderKey,
  takeRecord,
} from "./record";
import { programPage, readErrors, readTo } from "./storage";

const VALUE_BYTES: u32 = 2 * STRUCTURE_BYTES;
const VALUES: u32 = 2;

/** The key that may not hold what it should: it is written first, while the other one holds what counts. */
let doubtful: u32 = 0;
/** Puts of the newest value, over the store's life. */
let puts: u32 = 0;

export function recoverValues(): u32 {
  let outcome = BLANK;
  let newestRank: u64 = 0;
  const record = page + STRUCTURE_BYTES;
  doubtful = 0;
  puts = 0;
  for (let key: u32 = 0; key < VALUES; key++) {
    const readable = readTo(page, key, VALUE_BYTES);
    if (!readable || !valueValid()) {
      doubtful = key;
      if (readable && outcome != FOUND) outcome = CORRUPT;
      continue;
    }
    const rank = rankOf(record, headerGeneration(page));
    if (outcome == FOUND) {
      // The newer one may be a put that was cut; of two that are the same, the one that was put last.
      doubtful = rank > newestRank ? key : rank < newestRank ? 1 - key : 1 - headerPair(page);
      if (rank <= newestRank) continue;
    }
    outcome = FOUND;
    newestRank = rank;
    puts = headerGeneration(page);
    takeHeaderKey(page);
    takeRecord(record);
  }
  return outcome != FOUND && readErrors ? UNREADABLE : outcome;
}

/** Header and record name the same put: a value may be half of one and half of the other. */
function valueValid(): bool {
  const record = page + STRUCTURE_BYTES;
  return headerValid(page) && recordValid(record) && recordTag(record) == headerGeneration(page);
}

/** Makes the draft durable. */
export function appendValue(): bool {
  const first = doubtful;
  putHeader(page, ++puts, first);
  putRecord(page + STRUCTURE_BYTES, puts);
  if (!programPage(first, VALUE_BYTES)) return false;
  doubtful = 1 - first;
  if (!programPage(doubtful, VALUE_BYTES)) return false;
  acknowledgeDraft();
  set(Counter.WEAR, puts);
  return true;
}
