/** Recovery of the journal on raw memory: what counts, what is torn, and what is lost. */
import { Storage } from "../abi";
import { Counter, get } from "../counters";
import { BLANK, CORRUPT, lost, preparationDue, prepare, UNREAD, UNREADABLE } from "../journal";
import { persist } from "../ledger";
import { boots, ceiling, draftRecord, flags, portCeiling, recordNumber } from "../record";
import { k0, k1 } from "../tuple";
import {
  byteAt,
  failErases,
  failReads,
  failWrites,
  flipBits,
  operations,
  spoilPrograms,
  violations,
} from "./bench";
import {
  commission,
  commissionFlash,
  firstKey,
  found,
  holds,
  newPart,
  restart,
  SECTOR_BYTES,
  SLOT_BYTES,
  write,
} from "./journal-bench";

/** Flips bits all over a stretch of memory. */
function spoil(from: u32, bytes: u32): void {
  for (let i = from; i < from + bytes; i++) flipBits(i, 0x5a);
}

describe("a journal that was never written", () => {
  it("is blank on erased memory", () => {
    newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
    expect<u32>(restart()).toBe(BLANK);
    expect<u64>(k0 | k1).toBe(0);
    expect<u64>(ceiling).toBe(0);
    expect<u32>(operations()).toBe(0);
  });

  it("is corrupt, not blank, as soon as one bit anywhere is not erased", () => {
    for (let at: u32 = 0; at < 2 * SECTOR_BYTES; at += 31) {
      newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
      flipBits(at, 1);
      expect<u32>(restart()).toBe(CORRUPT, `byte ${at.toString()}`);
    }
  });

  it("is corrupt on memory full of noise, or of zeros", () => {
    newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
    for (let i: u32 = 0; i < 2 * SECTOR_BYTES; i++) flipBits(i, (i * 167 + 13) & 255);
    expect<u32>(restart()).toBe(CORRUPT);
    newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
    for (let i: u32 = 0; i < 2 * SECTOR_BYTES; i++) flipBits(i, 255);
    expect<u32>(restart()).toBe(CORRUPT);
    expect<u64>(k0 | k1).toBe(0);
  });

  it("is unreadable, not blank, when memory answers with errors", () => {
    newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
    failReads(0);
    expect<u32>(restart()).toBe(UNREADABLE);
  });

  it("has no room in sectors of fewer than three slots", () => {
    newPart(Storage.NOR, 2 * SLOT_BYTES, 2, 8);
    expect<u32>(restart()).toBe(UNREAD);
    newPart(Storage.NOR, 3 * SLOT_BYTES, 2, 8);
    expect<u32>(restart()).toBe(BLANK);
  });
});

describe("a round trip", () => {
  it("brings back the key and the first record", () => {
    commissionFlash();
    expect<bool>(found()).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<u32>(portCeiling).toBe(16);
    expect<u32>(lost).toBe(0);
  });

  it("brings back every field of a record", () => {
    commissionFlash();
    draftRecord(0xfedc_ba98_7654_3210, 0x89ab_cdef, 0x7fff_ffff, 1);
    expect<bool>(persist()).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<u64>(ceiling).toBe(0xfedc_ba98_7654_3210);
    expect<u32>(portCeiling).toBe(0x89ab_cdef);
    expect<u32>(boots).toBe(0x7fff_ffff);
    expect<u32>(flags).toBe(1);
    expect<u32>(recordNumber).toBe(2);
  });

  it("finds the newest of many records, restart or not between them, on each kind of part", () => {
    for (let part = 0; part < 8; part++) {
      // NOR granules of 1, 8, 64 and 256 bytes, two and three sectors; EEPROM bytes and pages.
      if (part == 0) commission(Storage.NOR, 512, 2, 1);
      else if (part == 1) commission(Storage.NOR, 512, 3, 8);
      else if (part == 2) commission(Storage.NOR, 1024, 2, 64);
      else if (part == 3) commission(Storage.NOR, 4096, 2, 256);
      else if (part == 4) commission(Storage.NOR, 200, 5, 8);
      else if (part == 5) commission(Storage.EEPROM, 512, 2, 1);
      else if (part == 6) commission(Storage.EEPROM, 256, 4, 32);
      else commission(Storage.EEPROM, 640, 2, 16);
      for (let n: u32 = 1; n <= 60; n++) {
        const where = `part ${part.toString()}, record ${n.toString()}`;
        expect<bool>(write(n)).toBe(true, where);
        if (n % 3 != 0) continue;
        expect<bool>(found()).toBe(true, where);
        expect<bool>(holds(n)).toBe(true, where);
        expect<bool>(firstKey()).toBe(true, where);
        expect<u32>(lost).toBe(0, where);
      }
      expect<u32>(violations()).toBe(0, `part ${part.toString()}`);
    }
  });

  it("writes two copies a record, and erases once a sector", () => {
    commissionFlash();
    const before = operations();
    expect<bool>(write(1)).toBe(true);
    expect<u32>(operations() - before).toBe(2);
    // Five more slots are left in the first sector, then six in each.
    for (let n: u32 = 2; n <= 5; n++) write(n);
    expect<u32>(operations() - before).toBe(10);
    // The next one erases, and writes header, record and closing mark.
    write(6);
    expect<u32>(operations() - before).toBe(10 + 7);
  });

  it("pads copies to whole granules with erased bytes", () => {
    commission(Storage.NOR, 1024, 2, 64);
    // Both copies of the header, then of the first record behind the closing slot.
    for (let copy: u32 = 0; copy < 6; copy++) {
      for (let i: u32 = 32; i < 64; i++) expect<u32>(byteAt(copy * 64 + i)).toBe(0xff);
    }
  });

  it("reads back what it programs: a copy that differs does not count, the next slot does", () => {
    for (let copy: u32 = 0; copy < 2; copy++) {
      commissionFlash();
      spoilPrograms(3 * SLOT_BYTES + copy * 32 + 9);
      const before = operations();
      expect<bool>(write(1)).toBe(true);
      expect<u32>(operations() - before).toBe(copy + 3);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(1)).toBe(true);
      expect<u32>(lost).toBe(0);
    }
  });

  it("skips a slot at each boot of flash, as a write that left no trace may have spoiled it", () => {
    commissionFlash();
    found();
    write(1);
    // Slot 3 is skipped, slot 4 is written.
    spoil(4 * SLOT_BYTES, SLOT_BYTES);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<u32>(lost).toBe(1);
  });
});

describe("rotation", () => {
  it("keeps the key, the newest record and the count of erases through hundreds of sectors", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    for (let n: u32 = 1; n <= 1000; n++) write(n);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1000)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<u32>(violations()).toBe(0);
    // With the first one and the next there are 1,002 records, six a sector: 167 erases over three.
    write(1001);
    expect<u32>(get(Counter.WEAR)).toBe(56);
  });

  it("is prepared by an erase ahead when three slots are left, which is then saved", () => {
    commissionFlash();
    expect<bool>(write(1)).toBe(true);
    expect<bool>(preparationDue()).toBe(false);
    expect<bool>(write(2)).toBe(true);
    expect<bool>(preparationDue()).toBe(true);
    prepare();
    expect<bool>(preparationDue()).toBe(false);
    for (let n: u32 = 3; n <= 5; n++) write(n);
    const before = operations();
    // Header, record and closing mark, two copies each, and no erase.
    expect<bool>(write(6)).toBe(true);
    expect<u32>(operations() - before).toBe(6);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(6)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("does not trust an erase of an earlier boot, which may have been cut", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 5; n++) write(n);
    prepare();
    found();
    expect<bool>(preparationDue()).toBe(true);
    const before = operations();
    expect<bool>(write(6)).toBe(true);
    expect<u32>(operations() - before).toBe(7);
  });

  it("passes over a sector that takes no erase or program, and says that it is retired", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    failWrites(1);
    for (let n: u32 = 1; n <= 40; n++) expect<bool>(write(n)).toBe(true, n.toString());
    expect<u32>(get(Counter.RETIRED)).toBe(1);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(40)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
  });

  it("passes over a sector whose erase fails, even when it would take programs", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    failErases(1);
    for (let n: u32 = 1; n <= 40; n++) expect<bool>(write(n)).toBe(true, n.toString());
    expect<u32>(get(Counter.RETIRED)).toBe(1);
    for (let i = SECTOR_BYTES; i < 2 * SECTOR_BYTES; i++) expect<u32>(byteAt(i)).toBe(0xff);
    expect<u32>(violations()).toBe(0);
  });

  it("fails, and loses nothing, when no sector takes a write", () => {
    commissionFlash();
    write(1);
    failWrites(0);
    failWrites(1);
    expect<bool>(write(2)).toBe(false);
    expect<bool>(holds(1)).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
  });
});
