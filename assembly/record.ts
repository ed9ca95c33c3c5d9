/**
 * The two structures of the journal, wherever they are built. All numbers are little-endian.
 *
 * Header, 32 bytes: magic and format version, sector sequence number, key epoch, key, CRC-32.
 * Record, 32 bytes: record number, sequence ceiling (u64), port ceiling, boot count, flags, zero,
 * CRC-32.
 */
import { Counter, set } from "./counters";
import { crc32 } from "./crc32";
import { copyBytes, draft, fillBytes } from "./memory";
import { k0, k1, setKey } from "./tuple";

export const HEADER_BYTES: u32 = 32;
export const RECORD_BYTES: u32 = 32;

/** "ISN" and format version 1. */
const MAGIC: u32 = 0x01_4e_53_49;

/** Quiet time is owed: it is over only when a later record says so (RFC 9293 §3.4.3). */
export const FLAG_QUIET: u32 = 1;
/** The next sector is erased and checked blank. */
export const FLAG_PREPARED: u32 = 2;

/** The newest record: what is durable. */
export let recordNumber: u32 = 0;
export let ceiling: u64 = 0;
export let portCeiling: u32 = 0;
export let boots: u32 = 0;
export let flags: u32 = 0;
/** Which key of the device's life this is. */
export let keyEpoch: u32 = 0;

export function clearRecord(): void {
  fillBytes(draft, 0, RECORD_BYTES);
  takeRecord(draft);
}

export function setKeyEpoch(epoch: u32): void {
  keyEpoch = epoch;
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

/** Writes the draft to `at`, with the flags that describe the sectors. */
export function putRecord(at: usize, sectorFlags: u32): void {
  copyBytes(at, draft, RECORD_BYTES);
  store<u32>(at, load<u32>(draft, 20) | sectorFlags, 20);
  store<u32>(at, crc32(at, RECORD_BYTES - 4), 28);
}

/** The draft is durable: from here it is the newest record. */
export function acknowledgeDraft(): void {
  takeRecord(draft);
}

export function recordValid(at: usize): bool {
  return crc32(at, RECORD_BYTES - 4) == load<u32>(at, 28);
}

export function takeRecord(at: usize): void {
  recordNumber = load<u32>(at);
  ceiling = load<u64>(at, 4);
  portCeiling = load<u32>(at, 12);
  boots = load<u32>(at, 16);
  set(Counter.BOOTS, boots);
  flags = load<u32>(at, 20);
}

/** Writes a header with the module's current key. */
export function putHeader(at: usize, sequence: u32): void {
  store<u32>(at, MAGIC);
  store<u32>(at + 4, sequence);
  store<u32>(at + 8, keyEpoch);
  store<u64>(at + 12, k0);
  store<u64>(at + 20, k1);
  store<u32>(at + 28, crc32(at, HEADER_BYTES - 4));
}

export function headerValid(at: usize): bool {
  return load<u32>(at) == MAGIC && crc32(at, HEADER_BYTES - 4) == load<u32>(at + 28);
}

/** The sector's place in the order of sectors, from 1. */
export function headerSequence(at: usize): u32 {
  return load<u32>(at + 4);
}

export function takeHeaderKey(at: usize): void {
  keyEpoch = load<u32>(at + 8);
  setKey(load<u64>(at + 12), load<u64>(at + 20));
}
