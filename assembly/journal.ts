/**
 * The journal on raw non-volatile memory: append-only records in two or more sectors.
 *
 * A sector holds a header (two copies) and slots (a record, two copies each). Slot 0 is the closing
 * slot: it is programmed when the next sector has its header and its first record, so a closed
 * sector without a good successor tells that acknowledged records were lost. A record counts as
 * acknowledged when both copies are programmed and read back, first copy first; so a slot whose
 * copies are both touched and both invalid was acknowledged and rotted, while a torn write leaves
 * the second copy blank (docs/bounds.md has the whole argument).
 */
import { Storage } from "./abi";
import { kind, sectorBytes, sectors } from "./config";
import { add, Counter, set } from "./counters";
import { allBytes, fillBytes, page } from "./memory";
import {
  acknowledgeDraft,
  FLAG_PREPARED,
  FLAG_QUIET,
  HEADER_BYTES,
  headerSequence,
  headerValid,
  putHeader,
  putRecord,
  RECORD_BYTES,
  flags as recordFlags,
  recordValid,
  takeHeaderKey,
  takeRecord,
} from "./record";
import {
  eraseSector,
  paddedBytes,
  programPage,
  readErrors,
  readTo,
  sectorFilledWith,
} from "./storage";

/** What recovery found. */
export const FOUND: u32 = 0;
export const BLANK: u32 = 1;
export const CORRUPT: u32 = 2;
export const UNREADABLE: u32 = 3;
/** Not looked yet. */
export const UNREAD: u32 = 4;

/** Acknowledged records found lost at this boot (a lost sector counts as one). */
export let lost: u32 = 0;
/** Sectors that failed an erase or a program since boot, one bit each. */
let retired: u32 = 0;

const NO_SECTOR: u32 = 0xffff_ffff;
const PREPARED_SECTOR_SHIFT: u32 = 8;
/** Failing slots of one sector in a row before the journal moves on to the next sector. */
const SLOT_FAILURES_MAX: u32 = 3;

let headerCopy: u32 = 0;
let recordCopy: u32 = 0;
let slots: u32 = 0;
/** The part of a sector that holds header and slots. */
let usedBytes: u32 = 0;
let active: u32 = 0xffff_ffff;
let activeSequence: u32 = 0;
let sequenceMax: u32 = 0;
let nextSlot: u32 = 0;
/** Highest touched slot of the sector scanned last. */
let lastTouched: u32 = 0;
/** Flags that describe the sectors, kept in every record of the active one. */
let sectorFlags: u32 = 0;

/** False when a sector has no room for its header, its closing slot and one record. */
export function startJournal(): bool {
  lost = 0;
  retired = 0;
  active = NO_SECTOR;
  sequenceMax = 0;
  sectorFlags = 0;
  headerCopy = paddedBytes(HEADER_BYTES);
  recordCopy = paddedBytes(RECORD_BYTES);
  if (sectorBytes < 2 * headerCopy + 4 * recordCopy) return false;
  slots = (sectorBytes - 2 * headerCopy) / (2 * recordCopy);
  usedBytes = 2 * headerCopy + slots * 2 * recordCopy;
  return true;
}

/** Finds the newest record and its key. */
export function recoverJournal(): u32 {
  let below: u32 = 0xffff_ffff;
  let orphan: u32 = NO_SECTOR;
  for (;;) {
    const sector = newestSector(below);
    if (sector == NO_SECTOR) return nothingFound(orphan);
    if (scanSlots(sector)) {
      active = sector;
      break;
    }
    // A header without a record: a rotation that was cut short, or a sector that rotted.
    if (orphan == NO_SECTOR) orphan = sector;
    below = activeSequence;
    lost = 0;
  }
  sectorFlags = recordFlags & ~FLAG_QUIET;
  readHeader(active);
  takeHeaderKey(page);
  if (!slotBlank(active, 0)) {
    // Closed: records were acknowledged in a later sector, and they are gone. If that sector's
    // header is left, its key is the one in use.
    lost++;
    if (orphan != NO_SECTOR && readHeader(orphan)) takeHeaderKey(page);
    nextSlot = slots;
    sectorFlags = 0;
    return FOUND;
  }
  nextSlot = lastTouched + 1;
  // A program that was cut before it changed a bit leaves no trace; on parts with ECC even that
  // granule should not be programmed again, so flash skips one slot at each boot.
  if (kind == Storage.NOR) nextSlot++;
  closeOlder();
  return FOUND;
}

/** Makes the draft durable: in the active sector, or in the next one when that is full or worn. */
export function append(): bool {
  let failures: u32 = 0;
  while (active != NO_SECTOR && nextSlot < slots && failures < SLOT_FAILURES_MAX) {
    if (programSlot(active, nextSlot++)) return acknowledge();
    failures++;
  }
  return rotate();
}

/**
 * Makes the draft durable in a fresh sector whose header has the module's current key. The new key
 * counts from the instant that the record is whole; before it, the old sector does.
 */
export function appendWithNewKey(): bool {
  if (!rotate()) return false;
  // Nothing of an earlier key, or of what was here before, may come back at a later recovery.
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (sector != active && !sectorFilledWith(sector, 0xff, usedBytes))
      eraseSector(sector, usedBytes);
  }
  return true;
}

/** Few slots are left in the active sector and the next one is not erased yet. */
export function preparationDue(): bool {
  return (
    (sectorFlags & FLAG_PREPARED) == 0 && nextSlot < slots && slots - nextSlot <= (slots >> 2) + 1
  );
}

/** Erases the next sector ahead of its use; the record appended next remembers it. */
export function prepare(): void {
  for (let step: u32 = 1; step < sectors; step++) {
    const sector = (active + step) % sectors;
    if ((retired & (1 << sector)) != 0) continue;
    if (eraseSector(sector, usedBytes)) {
      sectorFlags = FLAG_PREPARED | (sector << PREPARED_SECTOR_SHIFT);
      return;
    }
    retire(sector);
  }
}

function retire(sector: u32): void {
  retired |= 1 << sector;
  add(Counter.RETIRED, 1);
}

function acknowledge(): bool {
  acknowledgeDraft();
  noteWear();
  return true;
}

/** Sectors are taken in turn, one erase a turn, so the newest sequence number tells the cycles. */
function noteWear(): void {
  set(Counter.WEAR, (sequenceMax + sectors - 1) / sectors);
}

/** Moves to the next sector that takes an erase, a header and a record. */
function rotate(): bool {
  const old = active;
  const first: u32 = old == NO_SECTOR ? 0 : old + 1;
  const candidates = old == NO_SECTOR ? sectors : sectors - 1;
  for (let step: u32 = 0; step < candidates; step++) {
    const sector = (first + step) % sectors;
    if ((retired & (1 << sector)) != 0) continue;
    if (openSector(sector) && programSlot(sector, 1)) {
      if (old != NO_SECTOR) closeSector(old);
      active = sector;
      nextSlot = 2;
      return acknowledge();
    }
    retire(sector);
  }
  return false;
}

/** Erases a sector, unless that was done ahead, and programs its header. */
function openSector(sector: u32): bool {
  const prepared = FLAG_PREPARED | (sector << PREPARED_SECTOR_SHIFT);
  if (sectorFlags != prepared || !sectorFilledWith(sector, 0xff, usedBytes)) {
    if (!eraseSector(sector, usedBytes)) return false;
  }
  sectorFlags = 0;
  sequenceMax++;
  fillBytes(page, 0xff, headerCopy);
  putHeader(page, sequenceMax);
  const offset = sector * sectorBytes;
  return programPage(offset, headerCopy) && programPage(offset + headerCopy, headerCopy);
}

/** Marks a sector as succeeded. One that does not take the mark is erased instead. */
function closeSector(sector: u32): void {
  if (!programSlot(sector, 0)) eraseSector(sector, usedBytes);
}

/** Finishes a rotation that was cut before the old sector was closed. */
function closeOlder(): void {
  const sequence = activeSequence;
  const older = newestSector(sequence);
  if (older != NO_SECTOR && slotBlank(older, 0)) closeSector(older);
  activeSequence = sequence;
}

/** Programs the draft, first copy, then second: a torn write leaves the second blank. */
function programSlot(sector: u32, slot: u32): bool {
  const offset = slotOffset(sector, slot);
  fillBytes(page, 0xff, recordCopy);
  putRecord(page, sectorFlags);
  return programPage(offset, recordCopy) && programPage(offset + recordCopy, recordCopy);
}

/** The sector with the highest sequence number below `below`; notes that number. */
function newestSector(below: u32): u32 {
  let newest: u32 = NO_SECTOR;
  activeSequence = 0;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!readHeader(sector)) continue;
    const sequence = headerSequence(page);
    if (sequence > sequenceMax) sequenceMax = sequence;
    if (sequence < below && (newest == NO_SECTOR || sequence > activeSequence)) {
      newest = sector;
      activeSequence = sequence;
    }
  }
  return newest;
}

/** Reads a good copy of a sector's header into the page. */
function readHeader(sector: u32): bool {
  const offset = sector * sectorBytes;
  if (readTo(page, offset, headerCopy) && headerValid(page)) return true;
  return readTo(page, offset + headerCopy, headerCopy) && headerValid(page);
}

/**
 * Takes the newest valid record of a sector, from the last slot backwards. Touched slots behind it
 * are torn writes (second copy blank) or lost records.
 */
function scanSlots(sector: u32): bool {
  lastTouched = 0;
  for (let slot = slots - 1; slot > 0; slot--) {
    readSlot(sector, slot);
    if (allBytes(page, 0xff, 2 * recordCopy)) continue;
    if (lastTouched == 0) lastTouched = slot;
    if (recordValid(page)) {
      takeRecord(page);
      return true;
    }
    if (recordValid(page + recordCopy)) {
      takeRecord(page + recordCopy);
      return true;
    }
    if (!allBytes(page + recordCopy, 0xff, recordCopy)) lost++;
  }
  return false;
}

function readSlot(sector: u32, slot: u32): void {
  const offset = slotOffset(sector, slot);
  if (readTo(page, offset, 2 * recordCopy)) return;
  // One bad granule must not hide the good copy beside it.
  readTo(page, offset, recordCopy);
  readTo(page + recordCopy, offset + recordCopy, recordCopy);
}

function slotBlank(sector: u32, slot: u32): bool {
  readSlot(sector, slot);
  return allBytes(page, 0xff, 2 * recordCopy);
}

function slotOffset(sector: u32, slot: u32): u32 {
  return sector * sectorBytes + 2 * headerCopy + slot * 2 * recordCopy;
}

/** No record at all: blank storage, unreadable storage, or something that cannot be trusted. */
function nothingFound(orphan: u32): u32 {
  if (readErrors) return UNREADABLE;
  if (orphan != NO_SECTOR) return CORRUPT;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!sectorFilledWith(sector, 0xff, usedBytes) && !sectorFilledWith(sector, 0x00, usedBytes))
      return CORRUPT;
  }
  return BLANK;
}
