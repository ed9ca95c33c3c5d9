/**
 * The two structures of the journal, wherever they are built: 32 bytes each, little-endian, with a
 * CRC-32 over the first 28 in the last four.
 *
 * Header: magic and format version, sector sequence number, the sequence number of the sector
 * before it, key. A new key means a new sector, so its sequence number is the key's epoch.
 * Record: record number, sequence ceiling (u64), port ceiling, boot count, flags, sector erases so
 * far.
 */
import { Counter, set } from "./counters";
import { crc32 } from "./crc32";
import { copyWords, draft, fillBytes } from "./memory";
import { k0, k1, setKey } from "./tuple";

export const STRUCTURE_BYTES: u32 = 32;
const CRC: usize = 28;

/** "ISN" and format version 1. */
const MAGIC: u32 = 0x01_4e_53_49;

/** Quiet time is owed: it is over only when a later record says so (RFC 9293 §3.4.3). */
export const FLAG_QUIET: u32 = 1;

/** The newest record: what is durable. */
export let recordNumber: u32 = 0;
export let ceiling: u64 = 0;
export let portCeiling: u32 = 0;
export let boots: u32 = 0;
export let flags: u32 = 0;
/** Sector erases over the journal's life. */
export let erases: u32 = 0;

export function clearRecord(): void {
  fillBytes(draft, 0, STRUCTURE_BYTES);
  takeRecord(draft);
}

/** The next draft leases ports from where the ring is, wherever the newest record ends. */
export function forgetPortCeiling(): void {
  portCeiling = 0;
}

export function countErase(): void {
  erases++;
}

/** Drafts the record that follows the newest one. */
export function draftRecord(
  newCeiling: u64,
  newPortCeiling: u32,
  newBoots: u32,
  newFlags: u32,
): void {
  store<u32>(draft, recordNumber + 1);
  store<u64>(draft, newCeiling, 4);
  store<u32>(draft, newPortCeiling, 12);
  store<u32>(draft, newBoots, 16);
  store<u32>(draft, newFlags, 20);
}

/** Writes the draft to `at`. */
export function putRecord(at: usize): void {
  store<u32>(draft, erases, 24);
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

export function takeRecord(at: usize): void {
  recordNumber = load<u32>(at);
  ceiling = load<u64>(at, 4);
  portCeiling = load<u32>(at, 12);
  boots = load<u32>(at, 16);
  set(Counter.BOOTS, boots);
  flags = load<u32>(at, 20);
  erases = load<u32>(at, 24);
}

/** Writes a header with the module's current key. */
export function putHeader(at: usize, sequence: u32, before: u32): void {
  store<u32>(at, MAGIC);
  store<u32>(at, sequence, 4);
  store<u32>(at, before, 8);
  store<u64>(at, k0, 12);
  store<u64>(at, k1, 20);
  seal(at);
}

export function headerValid(at: usize): bool {
  return load<u32>(at) == MAGIC && recordValid(at);
}

/** The sector's place in the order of sectors, from 1. */
export function headerSequence(at: usize): u32 {
  return load<u32>(at, 4);
}

/** The sequence number of the sector that this one follows; 0 for the first. */
export function headerBefore(at: usize): u32 {
  return load<u32>(at, 8);
}

export function takeHeaderKey(at: usize): void {
  setKey(load<u64>(at, 12), load<u64>(at, 20));
}

function seal(at: usize): void {
  store<u32>(at, crc32(at, <u32>CRC), CRC);
}
