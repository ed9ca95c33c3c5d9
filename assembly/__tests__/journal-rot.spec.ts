/** Bit rot in the journal: one sector's copy costs nothing, both are a loss that is known, never a reuse. */
import { Storage } from "../abi";
import { Counter, get } from "../counters";
import { CORRUPT, recordsLost } from "../journal";

import { ceiling } from "../record";
import { k0, k1 } from "../tuple";
import { failReads, flipBits, violations } from "./bench";
import {
  commission,
  commissionFlash,
  firstKey,
  found,
  holds,
  intact,
  lost,
  persistSecondKey,
  RECORD_SLOT,
  RECORDS,
  restart,
  rot,
  SECTOR_BYTES,
  slotAt,
  tearSlot,
  write,
} from "./journal-bench";

/** The same slot in both sectors of the first pair. */
function rotBoth(slot: u32): void {
  rot(0, slot);
  rot(1, slot);
}

/** Flips bits all over a sector. */
function spoilSector(sector: u32): void {
  for (let i: u32 = 0; i < SECTOR_BYTES; i++) flipBits(sector * SECTOR_BYTES + i, 0x5a);
}

describe("rot", () => {
  it("of the newest record in either sector costs nothing", () => {
    for (let sector: u32 = 0; sector < 2; sector++) {
      commissionFlash();
      write(1);
      rot(sector, RECORD_SLOT + 1);
      expect<bool>(intact(1)).toBe(true);
      expect<bool>(write(2)).toBe(true);
      expect<bool>(intact(2)).toBe(true);
    }
  });

  it("in both sectors is a lost record: an older one comes back, and the loss is known", () => {
    commissionFlash();
    write(1);
    rotBoth(RECORD_SLOT + 1);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<u32>(lost()).toBe(1);
    expect<bool>(recordsLost()).toBe(true);
    expect<u32>(get(Counter.LOST)).toBe(1);
  });

  it("of several records counts each", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 4; n++) write(n);
    for (let slot = RECORD_SLOT + 2; slot <= RECORD_SLOT + 4; slot++) rotBoth(slot);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<u32>(lost()).toBe(3);
  });

  it("of one record here and of another there costs nothing: each has a good copy", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 3; n++) write(n);
    rot(0, RECORD_SLOT + 3);
    rot(1, RECORD_SLOT + 2);
    expect<bool>(intact(3)).toBe(true);
  });

  it("of an older record is of no interest", () => {
    commissionFlash();
    write(1);
    write(2);
    rotBoth(RECORD_SLOT + 1);
    expect<bool>(intact(2)).toBe(true);
  });

  it("is told from a torn first copy, and from a torn second one", () => {
    commissionFlash();
    write(1);
    tearSlot(0, RECORD_SLOT + 2);
    expect<bool>(intact(1)).toBe(true);
    // Behind a torn first copy nothing is in the second sector, unless it was acknowledged.
    tearSlot(1, RECORD_SLOT + 2);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<u32>(lost()).toBe(1);
  });

  it("of one copy of each header costs nothing", () => {
    for (let copies: u32 = 0; copies < 4; copies++) {
      commissionFlash();
      write(1);
      rot(0, copies & 1);
      rot(1, copies >> 1);
      expect<bool>(intact(1)).toBe(true, copies.toString());
      expect<bool>(write(2)).toBe(true, copies.toString());
      expect<bool>(intact(2)).toBe(true, copies.toString());
    }
  });

  it("of both header copies of one sector costs nothing: the other one has key and records", () => {
    for (let sector: u32 = 0; sector < 2; sector++) {
      commissionFlash();
      write(1);
      rot(sector, 0);
      rot(sector, 1);
      expect<bool>(intact(1)).toBe(true);
      expect<bool>(write(2)).toBe(true);
      expect<bool>(intact(2)).toBe(true);
    }
  });

  it("of all four header copies leaves nothing that can be trusted", () => {
    commissionFlash();
    rotBoth(0);
    rotBoth(1);
    expect<u32>(restart()).toBe(CORRUPT);
    expect<u64>(k0 | k1).toBe(0);
    expect<u64>(ceiling).toBe(0);
  });

  it("that makes a granule unreadable hides neither the good copy nor the loss", () => {
    commissionFlash();
    write(1);
    failReads(slotAt(0, RECORD_SLOT + 1) + 8);
    expect<bool>(intact(1)).toBe(true);
    failReads(slotAt(1, RECORD_SLOT + 1) + 8);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<u32>(lost()).toBe(1);
  });

  it("of a whole sector, either one, costs nothing", () => {
    for (let sector: u32 = 0; sector < 2; sector++) {
      commissionFlash();
      for (let n: u32 = 1; n <= 8; n++) write(n);
      spoilSector(sector);
      expect<bool>(intact(8)).toBe(true);
      expect<bool>(write(9)).toBe(true);
      expect<bool>(intact(9)).toBe(true);
    }
  });

  it("of a later pair's records is a loss: both sectors were written, and neither holds a good one", () => {
    commission(Storage.NOR, SECTOR_BYTES, 4, 8);
    for (let n: u32 = 1; n <= RECORDS; n++) write(n);
    rot(2, RECORD_SLOT);
    expect<bool>(intact(RECORDS)).toBe(true);
    rot(3, RECORD_SLOT);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(RECORDS - 1)).toBe(true);
    expect<u32>(lost()).toBe(1);
  });

  it("is over once a new record is durable", () => {
    commissionFlash();
    write(1);
    rotBoth(RECORD_SLOT + 1);
    found();
    expect<bool>(write(20)).toBe(true);
    expect<bool>(intact(20)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("that heals after the loss was noticed brings neither the records nor the key back", () => {
    commission(Storage.NOR, SECTOR_BYTES, 4, 8);
    write(1);
    // The second key lies in a pair of its own, with record 9.
    persistSecondKey();
    rot(2, RECORD_SLOT);
    rot(3, RECORD_SLOT);
    expect<bool>(found()).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<u32>(lost()).toBe(1);
    expect<bool>(write(20)).toBe(true);
    rot(2, RECORD_SLOT);
    rot(3, RECORD_SLOT);
    expect<bool>(found()).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<bool>(holds(20)).toBe(true);
  });
});
