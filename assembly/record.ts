/**
 * The two structures of the journal, wherever they are built: 32 bytes each, little-endian, with a
 * CRC-32 over the first 28 in the last four.
 *
 * Header: magic and format version, generation, key. A new key means a new pair.
 * Record: sequence ceiling (u64), port ceiling, boot count, epoch and flags, sector erases so far, the
 * sectors that were out of use when it was written (in a key-value store: the number of the put).
 *
 * Records are ordered by epoch, then by generation, then by slot. A new epoch begins with a new key and
 * after a loss, so that nothing of before that comes back to sight can be taken for the newest.
 */
import { Counter, set } from "./counters";
import { crc32 } from "./crc32";
import { copyWords, draft, fillBytes } from "./memory";
import { k0, k1, setKey } from "./tuple";

export const STRUCTURE_BYTES: u32 = 32;
const CRC: usize = 28;

/** "ISN" and format version 2. */
const MAGIC: u32 = 0x02_4e_53_49;

/** Quiet time is owed: it is over only when a later record says so (RFC 9293 §3.4.3). */
export const FLAG_QUIET: u32 = 1;
/** The epoch stands above the flag. */
const EPOCH_UNIT: u32 = 2;
/** A loss begins an epoch that is further on than any that the lost records can have begun. */
export const EPOCHS_LOSS: u32 = 0x400;
/** The epoch of a key that is given to storage of which nothing is known: the upper half. */
export const EPOCH_UNKNOWN: u32 = 0x8000_0000;

/** The newest record: what is durable. */
export let ceiling: u64 = 0;
export let portCeiling: u32 = 0;
export let boots: u32 = 0;
export let quietOwed: bool = false;
/** Sector erases over the journal's life. */
export let erases: u32 = 0;
/** Sectors, one bit each, that were out of use when the newest record was written. */
export let outOfUse: u32 = 0;
/** The epoch of the records that are written now, in EPOCH_UNITs. */
export let epoch: u32 = 0;

export function clearRecord(): void {
  fillBytes(draft, 0, STRUCTURE_BYTES);
  takeRecord(draft);
}

/** The next draft leases ports from where the ring is, wherever the newest record ends. */
export function forgetPortCeiling(): void {
  portCeiling = 0;
}

/** The two of a pair, before its first record. */
export function countErases(): void {
  erases += 2;
}

/**
 * Begins an epoch: 1 further on with a new key, and 1 more when that failed; 2, past an attempt that was
 * cut and of which nothing is seen now; EPOCHS_LOSS.
 */
export function passEpochs(epochs: u32): void {
  epoch += epochs * EPOCH_UNIT;
}

export function beginEpochUnknown(): void {
  epoch |= EPOCH_UNKNOWN;
}

/** Drafts the record that follows the newest one. */
export function draftRecord(
  newCeiling: u64,
  newPortCeiling: u32,
  newBoots: u32,
  newFlags: u32,
): void {
  store<u64>(draft, newCeiling);
  store<u32>(draft, newPortCeiling, 8);
  store<u32>(draft, newBoots, 12);
  store<u32>(draft, newFlags, 16);
}

/** Writes the draft to `at`; the tag is what `recordTag` gives. */
export function putRecord(at: usize, tag: u32): void {
  store<u32>(draft, (load<u32>(draft, 16) & FLAG_QUIET) | epoch, 16);
  store<u32>(draft, erases, 20);
  store<u32>(draft, tag, 24);
  copyWords(at, draft, STRUCTURE_BYTES);
  seal(at);
}

/** The draft is durable: from here it is the newest record. */
export function acknowledgeDraft(): void {
  takeRecord(draft);
}

export function recordValid(at: usize): bool {
  return crc32(at, <u32>CRC) == load<u32>(at, CRC);
}

export function recordCeiling(at: usize): u64 {
  return load<u64>(at);
}

/** The highest ceiling that a record vouches for, the newest one or another. */
export function vouchFor(highest: u64): void {
  ceiling = highest;
}

function recordEpoch(at: usize): u32 {
  return load<u32>(at, 16) & ~FLAG_QUIET;
}

/** The sectors that were out of use; in a key-value store, the number of the put. */
export function recordTag(at: usize): u32 {
  return load<u32>(at, 24);
}

/** A record's place in time: its epoch, and then the generation or put that it belongs to. */
export function rankOf(at: usize, generation: u32): u64 {
  return ((<u64>recordEpoch(at)) << 32) | generation;
}

export function takeRecord(at: usize): void {
  ceiling = recordCeiling(at);
  portCeiling = load<u32>(at, 8);
  boots = load<u32>(at, 12);
  set(Counter.BOOTS, boots);
  quietOwed = (load<u32>(at, 16) & FLAG_QUIET) != 0;
  epoch = recordEpoch(at);
  erases = load<u32>(at, 20);
  outOfUse = recordTag(at);
}

/** Writes a header with the module's current key. */
export function putHeader(at: usize, generation: u32, order: u32): void {
  store<u32>(at, MAGIC);
  store<u32>(at, generation, 4);
  store<u32>(at, order, 8);
  store<u64>(at, k0, 12);
  store<u64>(at, k1, 20);
  seal(at);
}

export function headerValid(at: usize): bool {
  return load<u32>(at) == MAGIC && recordValid(at);
}

/** The pair's place in the order of pairs, from 1. */
export function headerGeneration(at: usize): u32 {
  return load<u32>(at, 4);
}

/** In a key-value store: the key that this value is put under first. */
export function headerOrder(at: usize): u32 {
  return load<u32>(at, 8);
}

export function takeHeaderKey(at: usize): void {
  setKey(load<u64>(at, 12), load<u64>(at, 20));
}

function seal(at: usize): void {
  store<u32>(at, crc32(at, <u32>CRC), CRC);
}
