/** A journal on the bench's memory: power on, commission, and what a record says after a restart. */
import { Storage } from "../abi";
import { setGeometry } from "../config";
import { Counter, get, resetCounters } from "../counters";
import { ANY_NUMBER, FOUND, UNREAD } from "../journal";
import { persist, persistNewKey, recover, startLedger } from "../ledger";
import { boots, ceiling, draftRecord } from "../record";
import { k0, k1, setKey } from "../tuple";
import { byteAt, flipBits, newMemory, restorePower } from "./bench";

export const KEY_LOW: u64 = 0x0706050403020100;
export const KEY_HIGH: u64 = 0x0f0e0d0c0b0a0908;
export const KEY_2_LOW: u64 = 0x1716151413121110;
export const KEY_2_HIGH: u64 = 0x1f1e1d1c1b1a1918;

/** With granules of up to 32: a slot is 32 bytes; slots 0 and 1 the header, 2 … 7 six records. */
export const SECTOR_BYTES: u32 = 256;
export const SLOT_BYTES: u32 = 32;
export const RECORD_SLOT: u32 = 2;
export const RECORDS: u32 = 6;

/** The first record of a commissioned journal; later ones are this plus their number. */
export const FIRST_CEILING: u64 = 0x1_0000_0000;

/** Blank memory that the module is configured for. */
export function newPart(kind: u32, sectorBytes: u32, sectors: u32, granule: u32): void {
  newMemory(kind, sectorBytes, sectors, granule);
  setGeometry(kind, sectorBytes, sectors, granule);
}

/** What recovery finds after a restart: FOUND, BLANK, CORRUPT, UNREADABLE; UNREAD: no storage at all. */
export function restart(): u32 {
  restorePower();
  resetCounters();
  return startLedger() ? recover() : UNREAD;
}

/** A journal with its key and first record. */
export function commission(kind: u32, sectorBytes: u32, sectors: u32, granule: u32): bool {
  newPart(kind, sectorBytes, sectors, granule);
  restart();
  return persistFirstKey();
}

export function persistFirstKey(): bool {
  draftRecord(FIRST_CEILING, 16, 1, 0);
  return persistNewKey(KEY_LOW, KEY_HIGH);
}

/** Replaces the first key by the second, with record 9. */
export function persistSecondKey(): bool {
  draftRecord(FIRST_CEILING + 9, 25, 10, 0);
  return persistNewKey(KEY_2_LOW, KEY_2_HIGH);
}

export function commissionFlash(): void {
  commission(Storage.NOR, SECTOR_BYTES, 2, 8);
}

/** Offset of a slot. */
export function slotAt(sector: u32, slot: u32): u32 {
  return sector * SECTOR_BYTES + slot * SLOT_BYTES;
}

/** Rot: spoils the middle of a slot. */
export function rot(sector: u32, slot: u32): void {
  flipBits(slotAt(sector, slot) + 9, 0x10);
}

/** The slot turns to what erased memory reads. */
export function wipeSlot(sector: u32, slot: u32): void {
  const at = slotAt(sector, slot);
  for (let i = at; i < at + SLOT_BYTES; i++) flipBits(i, byteAt(i) ^ 0xff);
}

/** Programs half of a slot with what is no record, as a write that was cut leaves it. */
export function tearSlot(sector: u32, slot: u32): void {
  const at = slotAt(sector, slot);
  for (let i = at; i < at + SLOT_BYTES / 2; i++) flipBits(i, 0x3c);
}

/** Makes record `n` durable: its ceilings and boots are all told by `n`. */
export function write(n: u32): bool {
  draftRecord(FIRST_CEILING + n, 16 + n, 1 + n, 0);
  return persist(ANY_NUMBER);
}

/** True when the newest record is number `n` as `write` wrote it. */
export function holds(n: u32): bool {
  return ceiling == FIRST_CEILING + n && boots == 1 + n;
}

/** Acknowledged records that the last restart found lost. */
export function lost(): u32 {
  return get(Counter.LOST);
}

/** The key and record `n` are there, and nothing is lost. */
export function intact(n: u32): bool {
  return found() && firstKey() && holds(n) && lost() == 0;
}

export function firstKey(): bool {
  return k0 == KEY_LOW && k1 == KEY_HIGH;
}

export function secondKey(): bool {
  return k0 == KEY_2_LOW && k1 == KEY_2_HIGH;
}

/** A restart that must find something; forgets the key first, so that it can only come from memory. */
export function found(): bool {
  setKey(0, 0);
  return restart() == FOUND;
}
