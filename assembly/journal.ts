/**
 * The journal on raw non-volatile memory: append-only records in two or more sectors.
 *
 * A sector is divided into slots of two copies each. Slot 0 holds the header. Slot 1 is the closing
 * slot: it is programmed when the next sector has its header and an acknowledged record, so a closed
 * sector without a good successor tells that acknowledged records were lost. A record counts as
 * acknowledged when both copies are programmed and read back, first copy first; so a slot whose
 * copies are both touched and both invalid was acknowledged and rotted, while a torn write leaves
 * the second copy blank (docs/bounds.md has the whole argument).
 */
import { Storage } from "./abi";
import { kind, sectorBytes, sectors } from "./config";
import { add, Counter, set } from "./counters";
import { blank, fillBytes, page } from "./memory";
import {
  acknowledgeDraft,
  erases,
  headerBefore,
  headerSequence,
  headerValid,
  putHeader,
  putRecord,
  recordValid,
  STRUCTURE_BYTES,
  takeHeaderKey,
  takeRecord,
} from "./record";
import { eraseSector, paddedBytes, programPage, readErrors, readTo, sectorBlank } from "./storage";

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
/** Free slots at which the next sector is erased ahead. */
const PREPARE_SLOTS: u32 = 3;
/** Failing slots of one sector in a row before the journal moves on to the next sector. */
const SLOT_FAILURES_MAX: u32 = 3;

const HEADER_SLOT: u32 = 0;
const CLOSING_SLOT: u32 = 1;
const RECORD_SLOT: u32 = 2;

/** One copy, padded to whole granules. */
let copy: u32 = 0;
let slots: u32 = 0;
/** The part of a sector that is divided into slots. */
let usedBytes: u32 = 0;
let active: u32 = 0;
let activeSequence: u32 = 0;
let sequenceMax: u32 = 0;
/** What `newestSector` found last. */
let foundSequence: u32 = 0;
let foundBefore: u32 = 0;
let nextSlot: u32 = 0;
/** The sector to close when the next record is durable. */
let unclosed: u32 = 0;
/** A sector whose closing slot may have been touched without a trace: it is closed by an erase. */
let doubtful: u32 = 0;
/** Highest touched slot of the sector scanned last. */
let lastTouched: u32 = 0;
/**
 * The sector that was erased ahead in this boot. It is not remembered over a reboot: a sector whose
 * erase was cut may look blank and not be.
 */
let prepared: u32 = 0;

/** False when a sector has no room for its header, its closing slot and one record. */
export function startJournal(): bool {
  lost = 0;
  retired = 0;
  active = NO_SECTOR;
  unclosed = NO_SECTOR;
  doubtful = NO_SECTOR;
  prepared = NO_SECTOR;
  activeSequence = 0;
  sequenceMax = 0;
  copy = paddedBytes(STRUCTURE_BYTES);
  slots = sectorBytes / (2 * copy);
  usedBytes = slots * 2 * copy;
  return slots > RECORD_SLOT;
}

/**
 * Finds the newest acknowledged record and its key. A sector counts only once the one before it is
 * closed: until then nothing in it was acknowledged, and what a torn write left there may read as a
 * good record today and as nothing tomorrow.
 */
export function recoverJournal(): u32 {
  let below: u32 = 0xffff_ffff;
  let orphan: u32 = NO_SECTOR;
  for (;;) {
    active = newestSector(below);
    if (active == NO_SECTOR) return nothingFound(orphan);
    // Each header is read once here: an unstable one may read differently the next time.
    activeSequence = foundSequence;
    below = foundSequence;
    lost = 0;
    if (!scanSlots(active)) {
      // A header without a record: a rotation that was cut short, or a sector that rotted.
      if (orphan == NO_SECTOR) orphan = active;
      continue;
    }
    unclosed = sectorBefore();
    if (unclosed == NO_SECTOR || !slotBlank(unclosed, CLOSING_SLOT)) break;
    doubtful = unclosed;
    orphan = NO_SECTOR;
  }
  if (!readHeader(active)) return UNREADABLE;
  takeHeaderKey(page);
  if (slotBlank(active, CLOSING_SLOT)) {
    nextSlot = lastTouched + 1;
    // A program that was cut before it changed a bit leaves no trace; on parts with ECC even that
    // granule should not be programmed again, so flash skips one slot at each boot.
    if (kind == Storage.NOR) nextSlot++;
  } else {
    // Closed: records were acknowledged in a later sector, and they are gone. If that sector's
    // header is left, its key is the one in use.
    lost++;
    nextSlot = slots;
    if (orphan != NO_SECTOR && readHeader(orphan)) takeHeaderKey(page);
  }
  return FOUND;
}

/** Makes the draft durable: in the active sector, or in the next one when that is full or worn. */
export function append(): bool {
  let failures: u32 = 0;
  while (nextSlot < slots && failures < SLOT_FAILURES_MAX) {
    if (programRecord(active, nextSlot++)) return acknowledge();
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
    if (sector != active && !sectorBlank(sector, usedBytes)) wipe(sector);
  }
  return true;
}

/** Few slots are left in the active sector, and the next one was not erased in this boot. */
export function preparationDue(): bool {
  return prepared == NO_SECTOR && nextSlot + PREPARE_SLOTS >= slots;
}

/** Erases the next sector ahead of its use. */
export function prepare(): void {
  for (let sector = sectorAfter(active); sector != active; sector = sectorAfter(sector)) {
    if (wipe(sector)) {
      prepared = sector;
      return;
    }
    retire(sector);
  }
}

function retire(sector: u32): void {
  retired |= 1 << sector;
  add(Counter.RETIRED, 1);
}

/**
 * Both copies are durable. Only now is an older sector closed: a record that a torn write left half
 * readable must not close the sector that may be needed once it reads as nothing.
 */
function acknowledge(): bool {
  if (unclosed != NO_SECTOR) closeSector(unclosed);
  unclosed = NO_SECTOR;
  acknowledgeDraft();
  noteWear();
  return true;
}

/** Sectors are taken in turn, so all erases so far are spread evenly. */
function noteWear(): void {
  set(Counter.WEAR, (erases + sectors - 1) / sectors);
}

/** Moves to the next sector that takes an erase, a header and a record. */
function rotate(): bool {
  const old = active;
  for (let sector = sectorAfter(old); sector != old; sector = sectorAfter(sector)) {
    if (openSector(sector) && programRecord(sector, RECORD_SLOT)) {
      unclosed = old;
      active = sector;
      activeSequence = sequenceMax;
      nextSlot = RECORD_SLOT + 1;
      return acknowledge();
    }
    // What it did take must not be read as a record once the old sector is closed.
    wipe(sector);
    retire(sector);
  }
  return false;
}

/**
 * Sectors are taken in turn, but for retired ones, until it is the turn of the active one. Without one it is
 * NO_SECTOR's, which is −1: the first of all sectors is the one after it.
 */
function sectorAfter(sector: u32): u32 {
  do {
    sector++;
    if (sector >= sectors) sector = active == NO_SECTOR ? NO_SECTOR : 0;
  } while (sector != active && (retired & (1 << sector)) != 0);
  return sector;
}

/** Erases a sector, unless that was done ahead, and programs its header. */
function openSector(sector: u32): bool {
  if (sector != prepared && !wipe(sector)) return false;
  prepared = NO_SECTOR;
  sequenceMax++;
  fillBytes(page, 0xff, copy);
  putHeader(page, sequenceMax, activeSequence);
  return programCopies(sector, HEADER_SLOT);
}

/**
 * Marks a sector as succeeded. One whose mark is torn, or that does not take it, is erased instead:
 * a mark must not be there today and gone tomorrow.
 */
function closeSector(sector: u32): void {
  if (sector != doubtful) {
    const open = slotBlank(sector, CLOSING_SLOT);
    if (open ? programRecord(sector, CLOSING_SLOT) : recordValid(page)) return;
  }
  wipe(sector);
}

/** Erases the part of a sector that is in use. */
function wipe(sector: u32): bool {
  return eraseSector(sector, usedBytes);
}

/** Programs the draft into a slot. */
function programRecord(sector: u32, slot: u32): bool {
  fillBytes(page, 0xff, copy);
  putRecord(page);
  return programCopies(sector, slot);
}

/** Programs the page, first copy, then second: a torn write leaves the second blank. */
function programCopies(sector: u32, slot: u32): bool {
  const offset = slotOffset(sector, slot);
  return programPage(offset, copy) && programPage(offset + copy, copy);
}

/**
 * The sector with the highest sequence number below `below`; leaves that number, and the one of the
 * sector before it, in `foundSequence` and `foundBefore`.
 */
function newestSector(below: u32): u32 {
  let newest: u32 = NO_SECTOR;
  foundSequence = 0;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!readHeader(sector)) continue;
    const sequence = headerSequence(page);
    sequenceMax = max(sequenceMax, sequence);
    if (sequence < below && sequence > foundSequence) {
      newest = sector;
      foundSequence = sequence;
      foundBefore = headerBefore(page);
    }
  }
  return newest;
}

/** The sector that the one found last follows, if it is there. */
function sectorBefore(): u32 {
  const sequence = foundBefore;
  const sector = newestSector(sequence + 1);
  return foundSequence == sequence ? sector : NO_SECTOR;
}

/** Reads a good copy of a sector's header into the page. */
function readHeader(sector: u32): bool {
  const offset = slotOffset(sector, HEADER_SLOT);
  if (readTo(page, offset, copy) && headerValid(page)) return true;
  return readTo(page, offset + copy, copy) && headerValid(page);
}

/**
 * Takes the newest valid record of a sector, from the last slot backwards. Touched slots behind it
 * are torn writes (second copy blank) or lost records.
 */
function scanSlots(sector: u32): bool {
  lastTouched = 0;
  for (let slot = slots - 1; slot >= RECORD_SLOT; slot--) {
    readSlot(sector, slot);
    if (blank(page, 2 * copy)) continue;
    if (lastTouched == 0) lastTouched = slot;
    if (recordValid(page)) {
      takeRecord(page);
      return true;
    }
    if (recordValid(page + copy)) {
      takeRecord(page + copy);
      return true;
    }
    if (!blank(page + copy, copy)) lost++;
  }
  return false;
}

function readSlot(sector: u32, slot: u32): void {
  const offset = slotOffset(sector, slot);
  if (readTo(page, offset, 2 * copy)) return;
  // One bad granule must not hide the good copy beside it.
  readTo(page, offset, copy);
  readTo(page + copy, offset + copy, copy);
}

function slotBlank(sector: u32, slot: u32): bool {
  readSlot(sector, slot);
  return blank(page, 2 * copy);
}

function slotOffset(sector: u32, slot: u32): u32 {
  return sector * sectorBytes + slot * 2 * copy;
}

/** No record at all: blank storage, unreadable storage, or something that cannot be trusted. */
function nothingFound(orphan: u32): u32 {
  if (readErrors) return UNREADABLE;
  if (orphan != NO_SECTOR) return CORRUPT;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!sectorBlank(sector, usedBytes)) return CORRUPT;
  }
  return BLANK;
}
