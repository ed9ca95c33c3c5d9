/**
 * The journal on raw non-volatile memory: append-only records, each in two sectors at once.
 *
 * A sector is divided into slots of one copy each. Slots 0 and 1 hold the header, twice; records follow.
 * Two sectors make a pair and are filled in step: a record is programmed into a slot of the first
 * sector, read back, and then into the same slot of the second. It is acknowledged when both are good.
 * So a slot that is touched and bad in both sectors was acknowledged and lost, while a write that was
 * cut leaves the second sector blank there. The two have the same generation, and no others have it. No
 * sector's worth hangs on another one: the newest record that any sector holds counts, and a boot writes
 * it anew before it hands out a number.
 *
 * A sector is erased only while another one holds the newest record. One that fails an erase or a
 * program is out of use, but read on; with a single one left, it takes each record twice until it is full.
 * docs/bounds.md has the argument, docs/fault-model.md what memory may do.
 */
import { Reason, Storage } from "./abi";
import { kind, sectorBytes, sectors } from "./config";
import { add, Counter, get, set } from "./counters";
import { blank, copyWords, fillBytes, PAGE_BYTES, page } from "./memory";
import {
  acknowledgeDraft,
  ceiling,
  countErases,
  EPOCHS_LOSS,
  erases,
  headerGeneration,
  headerValid,
  outOfUse,
  passEpochs,
  putHeader,
  putRecord,
  rankOf,
  recordCeiling,
  recordValid,
  STRUCTURE_BYTES,
  takeHeaderKey,
  takeRecord,
  vouchFor,
} from "./record";
import { eraseSector, paddedBytes, programPage, readErrors, readTo } from "./storage";

/** What recovery found: a record, or the reason why there is none. */
export const FOUND: u32 = Reason.NONE;
export const BLANK: u32 = Reason.UNPROVISIONED;
export const CORRUPT: u32 = Reason.STORAGE_CORRUPT;
export const UNREADABLE: u32 = Reason.STORAGE_FAILED;
/** Not looked yet. */
export const UNREAD: u32 = Reason.NOT_BOOTED;

const NO_SECTOR: u32 = 0xffff_ffff;

const HEADER_SLOT: u32 = 0;
const RECORD_SLOT: u32 = 2;

/** A header is read to the start of the page, everything else to its second half. */
const half: usize = page + PAGE_BYTES / 2;

/** One copy, padded to whole granules. */
let copy: u32 = 0;
let slots: u32 = 0;

/**
 * The pair that takes records, in the slots from `nextSlot`. A fresh one gets its second sector when its
 * first record is in the first.
 */
let first: u32 = 0;
let second: u32 = 0;
let nextSlot: u32 = 0;
let generationMax: u32 = 0;
/** The sector that was opened or looked at last: they are taken in turn from the one after it. */
let turn: u32 = 0;

/** Sectors that hold the newest acknowledged record, or one that is newer; one bit each. */
let holders: u32 = 0;
/** Sectors that failed a read, an erase or a program, one bit each. */
let retired: u32 = 0;
/** Erases that this append may still begin. */
let erasesLeft: u32 = 0;
export const ANY_NUMBER: u32 = 0xffff_ffff;

export function startJournal(): void {
  first = NO_SECTOR;
  second = NO_SECTOR;
  turn = sectors - 1;
  generationMax = 0;
  holders = 0;
  retired = 0;
  copy = paddedBytes(STRUCTURE_BYTES);
  slots = sectorBytes / copy;
}

/** Finds the newest record that any sector holds, and its key. */
export function recoverJournal(): u32 {
  let newestSlot: u32 = 0;
  let generation: u32 = 0;
  let newestRank: u64 = 0;
  let vouched: u64 = 0;
  let ruined: u32 = 0;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!readHeader(sector)) continue;
    const found = headerGeneration(page);
    if (found > generationMax) {
      generationMax = found;
      ruined = 0;
    }
    const slot = newestRecord(sector);
    if (slot == 0) {
      if (found == generationMax && slotTouched(sector, RECORD_SLOT)) ruined++;
      continue;
    }
    vouched = max(vouched, recordCeiling(half));
    const rank = rankOf(half, found);
    if (rank < newestRank || (rank == newestRank && slot <= newestSlot)) {
      if (rank == newestRank && slot == newestSlot) holders |= bit(sector);
      if (found == generation) {
        second = sector;
        turn = sector;
      }
      continue;
    }
    second = found == generation ? first : NO_SECTOR;
    newestSlot = slot;
    newestRank = rank;
    generation = found;
    first = sector;
    turn = sector;
    holders = bit(sector);
    takeHeaderKey(page);
    takeRecord(half);
  }
  if (newestSlot == 0) return nothingFound();
  vouchFor(vouched);
  // A record of a later pair was begun in its second sector, so it was good in the first, and is not.
  const later = generationMax > generation;
  if (ruined == 2) countLoss();
  weigh(newestSlot, later);
  return FOUND;
}

/**
 * Looks at what stands behind the newest record: torn writes, or records that were acknowledged and are
 * lost; and finds the slot to go on with. `later`: a later pair was begun.
 */
function weigh(newestSlot: u32, later: bool): void {
  const inService = sectorsInService();
  let last = newestSlot;
  let behind: bool = false;
  for (let slot = slots - 1; slot > newestSlot; slot--) {
    const bad = slotTouched(first, slot);
    const other = second != NO_SECTOR && slotTouched(second, slot);
    // The second copy is begun when the first one is good; a lone sector has it in the next slot. Where the
    // second sector is being erased, one that cannot be read may be the only one.
    if (bad && (lone() ? behind : second != NO_SECTOR ? other : readErrors)) countLoss();
    if ((bad || other) && last == newestSlot) last = slot;
    behind = bad;
  }
  const doubt = last > newestSlot;
  // Each record was in two sectors, unless a single one was left: so one that cannot be read hides
  // nothing, but where the other one may have gone out of use before.
  const hidden = retired & ~outOfUse;
  if (hidden != 0 && (doubt || inService == 2 || (hidden & (hidden - 1)) != 0)) countLoss();
  nextSlot = last + 1;
  // A program that was cut before it changed a bit leaves no trace; on parts with ECC even that
  // granule should not be programmed again, so flash skips one slot at each boot. And a slot stays blank
  // between a torn one and what follows: two bad ones side by side are two copies of a lone sector.
  if (kind == Storage.NOR || doubt) nextSlot++;
  // What reads as nothing now, a torn record of a later pair or a sector that cannot be read, may read
  // as something another time: it must not count then.
  const past: u32 = later || retired != 0 ? 2 : 0;
  passEpochs(recordsLost() ? EPOCHS_LOSS : past);
}

/** Acknowledged records were lost, so nothing is known of the numbers used last. */
export function recordsLost(): bool {
  return get(Counter.LOST) != 0;
}

/** A lost sector counts as one record. */
function countLoss(): void {
  add(Counter.LOST, 1);
}

/**
 * Makes the draft durable, in two sectors or in the only one that is left. It begins at most so many
 * erases: when more are due, it is `unfinished` and goes on with the next call.
 */
export function append(erasesAllowed: u32): bool {
  erasesLeft = erasesAllowed;
  return finish(write());
}

/**
 * Makes the draft durable in a fresh pair whose headers have the module's current key. The new key
 * counts from the instant that the record is whole; before it, the old pair does.
 */
export function appendWithNewKey(): bool {
  erasesLeft = ANY_NUMBER;
  if (!openPair()) return finish(false);
  if (finish(write())) return true;
  // A pair with the new key's header takes no records of the old one.
  nextSlot = slots;
  return false;
}

/** The next record has to erase a sector first. */
export function eraseDue(): bool {
  return full() || (second == NO_SECTOR && !alone());
}

/** A write that was not done has not failed: it has a sector to erase with the next call. */
export function unfinished(): bool {
  return erasesLeft == 0 && !alone();
}

/** The newest record is in a single sector. */
export function lone(): bool {
  return sectorsInService() < 2;
}

/** A single sector works, or none. */
function alone(): bool {
  return without(retired) < 2;
}

function full(): bool {
  return first == NO_SECTOR || nextSlot >= slots;
}

function finish(done: bool): bool {
  set(Counter.RETIRED, popcnt<u32>(retired));
  if (!done) return false;
  acknowledgeDraft();
  // Sectors are taken in turn, so all erases so far are spread evenly.
  set(Counter.WEAR, (erases + sectors - 1) / sectors);
  return true;
}

function write(): bool {
  // All sectors that failed are tried again: an outage may be over.
  const again = alone();
  if (again) retired = 0;
  while (!full() || openPair()) {
    if (second == NO_SECTOR && unfinished()) return false;
    const slot = nextSlot++;
    if (programRecord(first, slot)) {
      // What it holds is newer than all else, and may be all that is left when the second is erased.
      holders = bit(first);
      if (second == NO_SECTOR && slot == RECORD_SLOT) second = openNext(generationMax);
      if (second != NO_SECTOR) {
        if (programRecord(second, slot)) {
          holders |= bit(second);
          return true;
        }
        retire(second);
      }
      if (!alone()) {
        if (openPair()) continue;
        if (!alone()) return false;
      }
      // One sector is left. Where others worked until now, an outage that spared it is likelier; so that is
      // seen twice before numbers hang on it alone.
      if (!again && sectorsInService() > 2) return false;
      if (!full() && programRecord(first, nextSlot++)) return true;
    }
    // A sector that fails a slot is out of use: a second try in the next slot, if it were cut, could leave
    // bits that read as blank further on than the one slot that a boot skips. A lone sector leaves a gap
    // until it is tried again, so that two bad slots side by side are two copies of one record.
    nextSlot++;
    if (alone()) return false;
    retire(first);
  }
  return false;
}

/** Opens the first sector of a fresh pair, and takes it. */
function openPair(): bool {
  const sector = openNext(generationMax + 1);
  if (sector == NO_SECTOR) return false;
  first = sector;
  second = NO_SECTOR;
  generationMax++;
  countErases();
  nextSlot = RECORD_SLOT;
  return true;
}

/** Opens the next sector in turn that may be erased, and returns it; NO_SECTOR when there is none. */
function openNext(number: u32): u32 {
  let left = sectors;
  while (erasesLeft != 0 && left-- != 0) {
    turn = (turn + 1) % sectors;
    if (!erasable(turn)) continue;
    if (openSector(turn, number)) return turn;
    retire(turn);
  }
  return NO_SECTOR;
}

/**
 * A sector is erased only while another one holds the newest record, and that is read once more. Of two
 * that hold it, it is the one with the lower number, at every boot: what an erase that was cut or failed
 * has left behind may read as a good record again.
 */
function erasable(sector: u32): bool {
  const it = bit(sector);
  if ((retired & it) != 0) return false;
  if ((holders & it) == 0) return true;
  const other = ctz<u32>(holders);
  return other != sector && newestRecord(other) != 0 && recordCeiling(half) >= ceiling;
}

function bit(sector: u32): u32 {
  return 1 << sector;
}

/** Sectors that took records when the newest one was written. */
function sectorsInService(): u32 {
  return without(outOfUse);
}

function without(out: u32): u32 {
  return sectors - popcnt<u32>(out);
}

/** Takes a sector out of use; the other one of its pair goes on. */
function retire(sector: u32): void {
  retired |= bit(sector);
  if (sector == first) first = second;
  else if (sector != second) return;
  second = NO_SECTOR;
}

/** Erases a sector and programs its header, twice. */
function openSector(sector: u32, number: u32): bool {
  erasesLeft--;
  holders &= ~bit(sector);
  if (!eraseSector(sector, slots * copy) || touched(sector)) return false;
  fillBytes(page, 0xff, copy);
  putHeader(page, number, 0);
  const at = slotOffset(sector, HEADER_SLOT);
  return programPage(at, copy) && programPage(at + copy, copy);
}

/** Programs the draft into a slot. */
function programRecord(sector: u32, slot: u32): bool {
  fillBytes(page, 0xff, copy);
  putRecord(page, retired);
  return programPage(slotOffset(sector, slot), copy);
}

/** Reads a sector's header to the start of the page. False when neither copy is good. */
function readHeader(sector: u32): bool {
  const at = slotOffset(sector, HEADER_SLOT);
  const readable = u32(readTo(page, at, copy)) | u32(readTo(half, at + copy, copy));
  if (readable == 0) retire(sector);
  if (!headerValid(page)) copyWords(page, half, STRUCTURE_BYTES);
  return headerValid(page);
}

/** The last slot of a sector with a good record, which is left in the page's second half; or 0. */
function newestRecord(sector: u32): u32 {
  for (let slot = slots - 1; slot >= RECORD_SLOT; slot--) {
    if (slotTouched(sector, slot) && recordValid(half)) return slot;
  }
  return 0;
}

/** Reads a slot to the page's second half. False when it is blank. */
function slotTouched(sector: u32, slot: u32): bool {
  readTo(half, slotOffset(sector, slot), copy);
  return !blank(half, copy);
}

/** True when a slot of the sector is not blank. */
function touched(sector: u32): bool {
  let slot = slots;
  do {
    if (slotTouched(sector, --slot)) return true;
  } while (slot != 0);
  return false;
}

function slotOffset(sector: u32, slot: u32): u32 {
  return sector * sectorBytes + slot * copy;
}

/** No record at all: blank storage, unreadable storage, or something that cannot be trusted. */
function nothingFound(): u32 {
  let sector = sectors;
  do {
    if (touched(--sector)) return readErrors ? UNREADABLE : CORRUPT;
  } while (sector != 0);
  return BLANK;
}
