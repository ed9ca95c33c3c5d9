/** ISNs and timestamps: the sequence clock plus the tuple's keyed offset. */
import { Reason } from "./abi";
import { TICKS_PER_MS } from "./clock";
import { ready } from "./lifecycle";
import { passTick, v } from "./sequence";
import { refuse } from "./status";
import { findHash, openedElsewhere, passLastConnection, present } from "./timewait";
import { isnHash, LABEL_TIMESTAMP, tupleHash } from "./tuple";

/**
 * ISN of the selected tuple: V + SipHash-2-4(key, "isn" | tuple) mod 2^32 (RFC 6528 §3), with V past the
 * numbers of the tuple's last connection. 0 is the refusal.
 */
export function nextIsn(): u32 {
  if (!ready()) return 0;
  const hash = isnHash();
  // Most tuples are new, and need not be looked for.
  const bit = <u32>(hash >> 59);
  const entry = ((present >> bit) & 1) != 0 ? findHash(hash) : 0;
  if (entry == 0) openedElsewhere();
  else if (!passLastConnection(entry)) return refuse(Reason.STORAGE_FAILED);
  const isn = <u32>v + <u32>hash;
  // One tick a number: even with a counter that stands still, no number is given twice.
  passTick();
  if (isn != 0) return isn;
  // 0 means refused, so this one number is skipped.
  passTick();
  return 1;
}

/** TSval of the selected tuple: V in milliseconds plus a keyed offset (RFC 7323 §5.4). 0: refused. */
export function nextTimestamp(): u32 {
  if (!ready()) return 0;
  const offset = <u32>tupleHash(LABEL_TIMESTAMP);
  return max<u32>(milliseconds(v) + offset, 1);
}

/**
 * ⌊ticks / 250⌋ mod 2^32 for less than 2^58 ticks (36,000 years). No part ships a 64-bit division, and
 * its library routine is larger than everything else on this path: 2^32 is 250 × 17,179,869 + 46.
 */
function milliseconds(ticks: u64): u32 {
  const high = <u32>(ticks >> 32);
  const low = <u32>ticks;
  return high * 17_179_869 + low / TICKS_PER_MS + (high * 46 + (low % TICKS_PER_MS)) / TICKS_PER_MS;
}
