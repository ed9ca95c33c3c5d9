/**
 * The journal on a platform's own key-value store: two keys, each with header and record in one
 * value. Both hold the same once a write is acknowledged. The key that may hold a put that was cut is
 * written first, so at every instant the other one holds what was acknowledged last, whether or not
 * such a put leaves a value behind.
 */
import { Counter, set } from "./counters";
import { BLANK, CORRUPT, FOUND, UNREADABLE } from "./journal";
import { PAGE_BYTES, page } from "./memory";
import {
  acknowledgeDraft,
  headerGeneration,
  headerOrder,
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

/** The key that may not hold what it should: it is written first, while the other one holds what counts. */
let doubtful: u32 = 0;
/** Puts of the newest value, over the store's life. */
let puts: u32 = 0;

export function recoverValues(): u32 {
  // Both are read, each to its half of the page.
  const one = page + PAGE_BYTES / 2;
  const readable = u32(readTo(page, 0, VALUE_BYTES)) | u32(readTo(one, 1, VALUE_BYTES));
  const rankZero = valueRank(page);
  const rankOne = valueRank(one);
  if ((rankZero | rankOne) == 0) return readErrors ? UNREADABLE : readable != 0 ? CORRUPT : BLANK;
  // The one that is missing or bad; or the newer one, for its put may have been cut; or, of two that are the
  // same, the one that was put last.
  doubtful = rankZero == rankOne ? 1 - headerOrder(page) : u32(rankZero - 1 < rankOne - 1);
  const newest = rankZero < rankOne ? one : page;
  puts = headerGeneration(newest);
  takeHeaderKey(newest);
  takeRecord(newest + STRUCTURE_BYTES);
  return FOUND;
}

/** The rank of a good value, or 0. */
function valueRank(at: usize): u64 {
  const record = at + STRUCTURE_BYTES;
  const put = headerGeneration(at);
  // Header and record name the same put: a value may be half of one and half of the other.
  if (!headerValid(at) || !recordValid(record) || recordTag(record) != put) return 0;
  return rankOf(record, put);
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
