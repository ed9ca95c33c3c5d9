/**
 * The journal on raw non-volatile memory: append-only records, each in two sectors at once.
 *
 * A sector is divided into slots of one copy each. Slots 0 and 1 hold the header, twice; records follow.
 * Two sectors make a pair and are filled in step: a record is programmed into a slot of the first
 * sector, read back, and then into the same slot of the second. It is acknowledged when both are good.
 * So a slot that is touched and bad in both sectors was acknowledged and lost, while a write that was
 * cut leaves the second sector blank there. No sector's worth hangs on another one: the newest record
 * that any sector holds counts, and a boot writes it anew before it hands out a number.
 *
 * A sector is erased only while another one holds the newest record. One that fails an erase or a
 * program is out of use, but read on; with a single one left, it takes each record twice until it is full.
 * docs/bounds.md has the argument, docs/fault-model.md what memory may do.
 */
import { Storage } from "./abi";
import { kind, sectorBytes, sectors } from "./config";
import { Counter, set } from "./counters";
import { blank, copyWords, fillBytes, PAGE_BYTES, page } from "./memory";
import {
  acknowledgeDraft,
  beginEpochAfterLoss,
  beginEpochPastTorn,
  erases,
  headerGeneration,
  headerPair,
  headerValid,
  outOfUse,
  putHeader,
  putRecord,
  raiseCeiling,
  raiseErases,
  rankOf,
  recordCeiling,
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
/** A single sector is in use: when it is full, there is no room. */
export let lone: bool = false;

const NO_SECTOR: u32 = 0xffff;

const HEADER_SLOT: u32 = 0;
const RECORD_SLOT: u32 = 2;

/** A header is read to the start of the page, everything else to its second half. */
const half: usize = page + PAGE_BYTES / 2;

/** One copy, padded to whole granules. */
let copy: u32 = 0;
let slots: u32 = 0;
/** The part of a sector that is divided into slots. */
let usedBytes: u32 = 0;

/** The pair that takes records; a sector of it is open when it has its header and takes them. */
let first: u32 = 0;
let second: u32 = 0;
let firstOpen: bool = false;
let secondOpen: bool = false;
let nextSlot: u32 = 0;
let generation: u32 = 0;
let generationMax: u32 = 0;
/** The second sector of the newest pair: sectors are taken in turn from the one after it. */
let turn: u32 = 0;

/** The sector that was looked through last has slots that are neither blank nor good. */
let seen: bool = false;
/** Sectors that hold the newest acknowledged record, or one that is newer; one bit each. */
let holders: u32 = 0;
/** Sectors that failed a read, an erase or a program, one bit each. */
let retired: u32 = 0;
/** All others were tried: the next append tries them again, as an outage may be over. */
let exhausted: bool = false;
/** A lone sector was not relied on at once; the next time it is. */
let pressed: bool = false;
/** Erases that this append may still begin. */
let erasesLeft: u32 = 0;
export const ANY_NUMBER: u32 = 0xffff_ffff;
/** A sector went out of use in this append. */
let failed: bool = false;
/** Nothing failed: the append goes on with the next call. */
export let unfinished: bool = false;

export function startJournal(): void {
  lost = 0;
  lone = false;
  first = NO_SECTOR;
  second = NO_SECTOR;
  turn = sectors - 1;
  firstOpen = false;
  secondOpen = false;
  generation = 0;
  generationMax = 0;
  holders = 0;
  retired = 0;
  exhausted = false;
  pressed = false;
  unfinished = false;
  copy = paddedBytes(STRUCTURE_BYTES);
  slots = sectorBytes / copy;
  usedBytes = slots * copy;
}

/** Finds the newest record that any sector holds, and its key. */
export function recoverJournal(): u32 {
  let newestSlot: u32 = 0;
  let newestRank: u64 = 0;
  let vouched: u64 = 0;
  let ruined: u32 = 0;
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (readHeader(sector) == 0) continue;
    const found = headerGeneration(page);
    if (found > generationMax) {
      generationMax = found;
      ruined = 0;
    }
    const slot = newestRecord(sector);
    if (slot == 0) {
      if (found == generationMax && seen) ruined++;
      continue;
    }
    vouched = max(vouched, recordCeiling(half));
    raiseErases(half);
    const rank = rankOf(half, found);
    if (rank < newestRank || (rank == newestRank && slot <= newestSlot)) continue;
    newestSlot = slot;
    newestRank = rank;
    generation = found;
    first = sector;
    takePair(headerPair(page));
    takeHeaderKey(page);
    takeRecord(half);
  }
  if (newestSlot == 0) return nothingFound();
  raiseCeiling(vouched);
  // Both sectors of a later pair were written, and neither holds a good record.
  if (generationMax > generation && ruined == 2) lost++;
  firstOpen = readHeader(first) == 2;
  // One whose erase was cut may have kept its header.
  secondOpen =
    second < sectors &&
    readHeader(second) == 2 &&
    headerGeneration(page) == generation &&
    newestRecord(second) != 0;
  weigh(newestSlot);
  return FOUND;
}

function takePair(pair: u32): void {
  second = pair >> 16;
  turn = second < sectors ? second : first;
  if (second == first) second = pair & 0xffff;
}

/**
 * Looks at what stands behind the newest record: torn writes, or records that were acknowledged and are
 * lost; and finds the slot to go on with.
 */
function weigh(newestSlot: u32): void {
  const inService = sectorsInService();
  lone = inService == 1;
  holders = bit(first);
  if (secondOpen && slotTouched(second, newestSlot) && recordValid(half)) holders |= bit(second);
  let last = newestSlot;
  let behind = false;
  for (let slot = slots - 1; slot > newestSlot; slot--) {
    const bad = slotTouched(first, slot);
    const other = secondOpen && slotTouched(second, slot);
    // The second copy is begun when the first one is good; a lone sector has it in the next slot.
    if (bad && (lone ? behind : other)) lost++;
    if ((bad || other) && last == newestSlot) last = slot;
    behind = bad;
  }
  const doubt = last > newestSlot;
  // Each record was in two sectors, unless a single one was left: so one that cannot be read hides
  // nothing, but where the other one may have gone out of use before.
  const hidden = retired & ~outOfUse;
  if (hidden != 0 && (doubt || inService == 2 || (hidden & (hidden - 1)) != 0)) lost++;
  nextSlot = last + 1;
  // A program that was cut before it changed a bit leaves no trace; on parts with ECC even that
  // granule should not be programmed again, so flash skips one slot at each boot.
  if (kind == Storage.NOR || (doubt && lone)) nextSlot++;
  if (lost != 0) beginEpochAfterLoss();
  // What reads as nothing now, a torn record of a later pair or a sector that cannot be read, may read
  // as something another time: it must not count then.
  else if (generationMax > generation || retired != 0) beginEpochPastTorn();
}

/**
 * Makes the draft durable, in two sectors or in the only one that is left. It begins at most so many
 * erases: when more are due, it is `unfinished` and goes on with the next call.
 */
export function append(erasesAllowed: u32): bool {
  erasesLeft = erasesAllowed;
  return finish(write(false));
}

/**
 * Makes the draft durable in a fresh pair whose headers have the module's current key. The new key
 * counts from the instant that the record is whole; before it, the old pair does.
 */
export function appendWithNewKey(): bool {
  const before = generation;
  erasesLeft = ANY_NUMBER;
  if (!finish(write(true))) {
    // A pair with the new key's header takes no records of the old one.
    if (generation != before) firstOpen = false;
    return false;
  }
  return true;
}

/** The next record has to erase a sector first. */
export function eraseDue(): bool {
  return full() || (firstOpen && !secondOpen && inUse(second));
}

function full(): bool {
  return nextSlot >= slots;
}

function finish(done: bool): bool {
  set(Counter.RETIRED, ones(retired));
  if (!done) return false;
  pressed = false;
  acknowledgeDraft();
  // Sectors are taken in turn, so all erases so far are spread evenly.
  set(Counter.WEAR, (erases + sectors - 1) / sectors);
  return true;
}

function write(newKey: bool): bool {
  if (exhausted) retired = 0;
  exhausted = false;
  unfinished = false;
  failed = false;
  let fresh = newKey;
  for (;;) {
    if (fresh || !firstOpen || full()) {
      if (!openPair()) {
        unfinished = erasesLeft == 0 && !failed;
        return false;
      }
      fresh = false;
    }
    if (!secondOpen && inUse(second) && erasesLeft == 0) {
      unfinished = !failed;
      return false;
    }
    const slot = nextSlot++;
    // A sector that fails a slot is out of use: a second try in the next slot, if it were cut, could leave
    // bits that read as blank further on than the one slot that a boot skips.
    if (!programRecord(first, slot)) {
      giveUpFirst();
      // A lone sector leaves a gap, so that two bad slots side by side are two copies of one record.
      nextSlot++;
      continue;
    }
    // What it holds is newer than all else, and may be all that is left when the second is erased.
    holders |= bit(first);
    if (mirror(slot)) {
      lone = false;
      holders = bit(first) | bit(second);
      return true;
    }
    if (usable() >= 2) {
      if (openPair()) continue;
      if (usable() >= 2) return false;
    }
    exhausted = true;
    // One sector is left. Where others worked until now, an outage that spared it is likelier; so
    // that is seen twice before numbers hang on it alone.
    if (!newKey && !pressed && sectorsInService() > 2) {
      pressed = true;
      return false;
    }
    lone = true;
    if (!firstOpen || full() || !programRecord(first, nextSlot++)) return false;
    holders = bit(first);
    return true;
  }
}

/** The second copy. False when the second sector is out of use, or goes out of use by it. */
function mirror(slot: u32): bool {
  if (!inUse(second)) return false;
  // The first sector holds the newest record now, so this one may be erased.
  if (!secondOpen) secondOpen = openSector(second, first | (second << 16), generation);
  if (secondOpen && programRecord(second, slot)) return true;
  retire(second);
  secondOpen = false;
  return false;
}

/** The first sector is out of use: the second one, if it is open, takes its place. */
function giveUpFirst(): void {
  retire(first);
  const other = first;
  first = second;
  second = other;
  firstOpen = secondOpen;
  secondOpen = false;
}

/** Opens the first sector of a new pair: the next one in turn that may be erased, and takes it. */
function openPair(): bool {
  const from = turn + 1;
  for (let i: u32 = 0; i < sectors && erasesLeft != 0; i++) {
    const sector = (from + i) % sectors;
    if (!erasable(sector)) continue;
    const partner = partnerOf(sector);
    if (openSector(sector, sector | (partner << 16), ++generationMax)) {
      first = sector;
      second = partner;
      firstOpen = true;
      secondOpen = false;
      turn = partner < sectors ? partner : sector;
      generation = generationMax;
      nextSlot = RECORD_SLOT;
      return true;
    }
    retire(sector);
  }
  exhausted = usable() < 2;
  return false;
}

/**
 * A sector is erased only while another one holds the newest record. Of two that hold it, that is the one
 * with the lower number, at every boot: what an erase that was cut or failed has left behind may read as a
 * good record again.
 */
function erasable(sector: u32): bool {
  return inUse(sector) && ((holders & bit(sector)) == 0 || (holders & (bit(sector) - 1)) != 0);
}

/** The sector after `sector` in turn that is in use; NO_SECTOR when there is no other. */
function partnerOf(sector: u32): u32 {
  for (let i: u32 = 1; i < sectors; i++) {
    const partner = (sector + i) % sectors;
    if (inUse(partner)) return partner;
  }
  return NO_SECTOR;
}

function inUse(sector: u32): bool {
  return sector < sectors && (retired & bit(sector)) == 0;
}

function bit(sector: u32): u32 {
  return 1 << sector;
}

function ones(bits: u32): u32 {
  let count: u32 = 0;
  for (let left = bits; left != 0; left &= left - 1) count++;
  return count;
}

function usable(): u32 {
  return sectors - ones(retired);
}

/** Sectors that took records when the newest one was written. */
function sectorsInService(): u32 {
  return sectors - ones(outOfUse);
}

function retire(sector: u32): void {
  failed = true;
  retired |= bit(sector);
}

/** Erases a sector and programs its header, twice. */
function openSector(sector: u32, pair: u32, number: u32): bool {
  erasesLeft--;
  holders &= ~bit(sector);
  if (sector == first) firstOpen = false;
  if (sector == second) secondOpen = false;
  if (!wipe(sector)) return false;
  fillBytes(page, 0xff, copy);
  putHeader(page, number, pair);
  const at = slotOffset(sector, HEADER_SLOT);
  return programPage(at, copy) && programPage(at + copy, copy);
}

/** Erases the part of a sector that is in use. */
function wipe(sector: u32): bool {
  return eraseSector(sector, usedBytes);
}

/** Programs the draft into a slot. */
function programRecord(sector: u32, slot: u32): bool {
  fillBytes(page, 0xff, copy);
  putRecord(page, retired);
  return programPage(slotOffset(sector, slot), copy);
}

/** Reads a sector's header to the start of the page. Returns how many of its two copies are good. */
function readHeader(sector: u32): u32 {
  const at = slotOffset(sector, HEADER_SLOT);
  const readable = readTo(page, at, copy);
  const other = readTo(half, at + copy, copy);
  if (!readable && !other) retire(sector);
  const good: u32 = headerValid(page) ? 1 : 0;
  if (!headerValid(half)) return good;
  copyWords(page, half, STRUCTURE_BYTES);
  return good + 1;
}

/** The last slot of a sector with a good record, which is left in the page's second half; or 0. */
function newestRecord(sector: u32): u32 {
  seen = false;
  for (let slot = slots - 1; slot >= RECORD_SLOT; slot--) {
    if (!slotTouched(sector, slot)) continue;
    if (recordValid(half)) return slot;
    seen = true;
  }
  return 0;
}

/** Reads a slot to the page's second half. False when it is blank. */
function slotTouched(sector: u32, slot: u32): bool {
  readTo(half, slotOffset(sector, slot), copy);
  return !blank(half, copy);
}

function slotOffset(sector: u32, slot: u32): u32 {
  return sector * sectorBytes + slot * copy;
}

/** No record at all: blank storage, unreadable storage, or something that cannot be trusted. */
function nothingFound(): u32 {
  for (let sector: u32 = 0; sector < sectors; sector++) {
    if (!sectorBlank(sector, usedBytes)) return readErrors ? UNREADABLE : CORRUPT;
  }
  return readErrors ? UNREADABLE : BLANK;
}
