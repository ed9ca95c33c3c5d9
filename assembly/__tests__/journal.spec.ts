/** The journal on raw memory in good days and with sectors that refuse: what counts, and where it goes. */
import { Storage } from "../abi";
import { Counter, get } from "../counters";
import { crc32 } from "../crc32";
import { ANY_NUMBER, append, BLANK, CORRUPT, eraseDue, UNREADABLE, unfinished } from "../journal";
import { nearEnd, persist, rotate, rotationDue } from "../ledger";
import { boots, ceiling, draftRecord, portCeiling, putHeader, quietOwed } from "../record";
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
  FIRST_CEILING,
  firstKey,
  found,
  holds,
  intact,
  lost,
  newPart,
  RECORD_SLOT,
  RECORDS,
  restart,
  rot,
  SECTOR_BYTES,
  SLOT_BYTES,
  slotAt,
  write,
} from "./journal-bench";

/** Programs of a record: one in each sector of the pair. */
const RECORD_OPERATIONS: u32 = 2;
/** A fresh pair: erase, two copies of the header and the record, in each sector. */
const PAIR_OPERATIONS: u32 = 8;

/** A structure that is put into memory byte by byte. */
const structure: usize = memory.data(32, 8);

/** True when a slot holds the same in both sectors of the first pair, and is not blank. */
function twin(slot: u32): bool {
  let blank = true;
  for (let i: u32 = 0; i < SLOT_BYTES; i++) {
    const byte = byteAt(slotAt(0, slot) + i);
    if (byte != byteAt(slotAt(1, slot) + i)) return false;
    if (byte != 0xff) blank = false;
  }
  return !blank;
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

  it("is corrupt when it is of format 1, whatever that says", () => {
    commissionFlash();
    write(1);
    // Each of the four header copies, as format 1 marks them, with a good CRC.
    for (let sector: u32 = 0; sector < 2; sector++) {
      for (let slot: u32 = 0; slot < RECORD_SLOT; slot++) {
        putHeader(structure, 1, 0x0001_0000);
        store<u8>(structure, 1, 3);
        store<u32>(structure, crc32(structure, 28), 28);
        const at = slotAt(sector, slot);
        for (let i: u32 = 0; i < SLOT_BYTES; i++) {
          flipBits(at + i, byteAt(at + i) ^ load<u8>(structure + i));
        }
      }
    }
    expect<u32>(restart()).toBe(CORRUPT);
    expect<u64>(k0 | k1).toBe(0);
    expect<u64>(ceiling).toBe(0);
  });
});

describe("a round trip", () => {
  it("brings back the key and the first record", () => {
    commissionFlash();
    expect<bool>(intact(0)).toBe(true);
    expect<u32>(portCeiling).toBe(16);
  });

  it("brings back every field of a record", () => {
    commissionFlash();
    draftRecord(0xfedc_ba98_7654_3210, 0x89ab_cdef, 0x7fff_ffff, 1);
    expect<bool>(persist(ANY_NUMBER)).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<u64>(ceiling).toBe(0xfedc_ba98_7654_3210);
    expect<u32>(portCeiling).toBe(0x89ab_cdef);
    expect<u32>(boots).toBe(0x7fff_ffff);
    expect<bool>(quietOwed).toBe(true);
  });

  it("finds the newest of many records, restart or not between them, on each kind of part", () => {
    for (let part = 0; part < 8; part++) {
      // NOR granules of 1, 8, 64 and 256 bytes, two and more sectors; EEPROM bytes and pages.
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
        expect<bool>(intact(n)).toBe(true, where);
      }
      expect<u32>(violations()).toBe(0, `part ${part.toString()}`);
    }
  });

  it("puts the header twice, and each record into the same slot of both sectors", () => {
    commissionFlash();
    expect<u32>(operations()).toBe(PAIR_OPERATIONS);
    const before = operations();
    for (let n: u32 = 1; n < RECORDS; n++) {
      expect<bool>(write(n)).toBe(true);
      expect<u32>(operations() - before).toBe(n * RECORD_OPERATIONS);
    }
    for (let slot: u32 = 0; slot < RECORD_SLOT + RECORDS; slot++) {
      expect<bool>(twin(slot)).toBe(true, `slot ${slot.toString()}`);
    }
    // A pair counts its two erases at once.
    expect<u32>(byteAt(slotAt(0, RECORD_SLOT) + 20)).toBe(2);
    // The pair is full.
    const full = operations();
    expect<bool>(write(RECORDS)).toBe(true);
    expect<u32>(operations() - full).toBe(PAIR_OPERATIONS);
  });

  it("pads copies to whole granules with erased bytes", () => {
    commission(Storage.NOR, 1024, 2, 64);
    for (let sector: u32 = 0; sector < 2; sector++) {
      for (let slot: u32 = 0; slot <= RECORD_SLOT; slot++) {
        const at = sector * 1024 + slot * 64;
        expect<u32>(byteAt(at + 31)).not.toBe(0xff);
        for (let i: u32 = 32; i < 64; i++) expect<u32>(byteAt(at + i)).toBe(0xff);
      }
    }
  });

  it("reads back what it programs: a sector whose copy differs is out of use, and the other one goes on", () => {
    for (let sector: u32 = 0; sector < 2; sector++) {
      commissionFlash();
      spoilPrograms(slotAt(sector, RECORD_SLOT + 1) + 9);
      const before = operations();
      expect<bool>(write(1)).toBe(true);
      // The bad copy, and two good ones in the sector that is left.
      expect<u32>(operations() - before).toBe(1 + RECORD_OPERATIONS);
      expect<u32>(get(Counter.RETIRED)).toBe(1);
      expect<bool>(nearEnd()).toBe(true);
      expect<bool>(intact(1)).toBe(true);
    }
  });

  it("skips a slot at each boot of flash, as a write that left no trace may have spoiled it", () => {
    commissionFlash();
    found();
    write(1);
    expect<bool>(twin(RECORD_SLOT + 1)).toBe(false);
    expect<bool>(twin(RECORD_SLOT + 2)).toBe(true);
  });

  it("skips none on an EEPROM", () => {
    commission(Storage.EEPROM, SECTOR_BYTES, 2, 8);
    found();
    write(1);
    expect<bool>(twin(RECORD_SLOT + 1)).toBe(true);
  });
});

describe("rotation", () => {
  it("keeps the key, the newest record and the count of erases through hundreds of pairs", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    for (let n: u32 = 1; n <= 1000; n++) write(n);
    expect<bool>(intact(1000)).toBe(true);
    expect<u32>(violations()).toBe(0);
    // 1,001 records, six a pair, are 167 pairs; the next one after a boot opens another: 336 erases.
    write(1001);
    expect<u32>(get(Counter.WEAR)).toBe(112);
  });

  it("erases the sector with the higher number first, of two that hold the newest record", () => {
    commissionFlash();
    for (let n: u32 = 1; n < RECORDS; n++) write(n);
    // Header and newest record of sector 0 stay while only one erase is allowed.
    draftRecord(FIRST_CEILING + 6, 22, 7, 0);
    expect<bool>(append(1)).toBe(false);
    expect<bool>(unfinished()).toBe(true);
    for (let slot: u32 = 0; slot < RECORD_SLOT + RECORDS; slot++) {
      expect<u32>(byteAt(slotAt(0, slot))).not.toBe(0xff, `slot ${slot.toString()}`);
    }
    expect<u32>(byteAt(slotAt(1, RECORD_SLOT + 1))).toBe(0xff);
    expect<bool>(append(1)).toBe(true);
    expect<bool>(intact(6)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("does nothing while no erase is allowed and one is due", () => {
    commissionFlash();
    for (let n: u32 = 1; n < RECORDS; n++) write(n);
    const before = operations();
    draftRecord(FIRST_CEILING + 6, 22, 7, 0);
    expect<bool>(append(0)).toBe(false);
    expect<bool>(unfinished()).toBe(true);
    expect<u32>(operations()).toBe(before);
    expect<bool>(intact(5)).toBe(true);
  });

  it("is prepared by writing the newest record anew in a fresh pair, and the next write is short", () => {
    commissionFlash();
    for (let n: u32 = 1; n < RECORDS - 1; n++) write(n);
    expect<bool>(rotationDue()).toBe(false);
    write(RECORDS - 1);
    expect<bool>(rotationDue()).toBe(true);
    expect<bool>(rotate(ANY_NUMBER)).toBe(true);
    expect<bool>(eraseDue()).toBe(false);
    const prepared = operations();
    expect<bool>(write(RECORDS)).toBe(true);
    expect<u32>(operations() - prepared).toBe(RECORD_OPERATIONS);
    expect<bool>(intact(RECORDS)).toBe(true);
  });

  it("is prepared in two calls when each may erase once, and keeps the record meanwhile", () => {
    commissionFlash();
    for (let n: u32 = 1; n < RECORDS; n++) write(n);
    const erases = get(Counter.ERASES);
    expect<bool>(rotate(1)).toBe(true);
    expect<u32>(get(Counter.ERASES) - erases).toBe(1);
    expect<bool>(eraseDue()).toBe(true);
    expect<bool>(holds(5)).toBe(true);
    expect<bool>(rotate(1)).toBe(true);
    expect<u32>(get(Counter.ERASES) - erases).toBe(2);
    expect<bool>(eraseDue()).toBe(false);
    expect<bool>(intact(5)).toBe(true);
  });

  it("fails, and loses nothing, when no sector takes a write", () => {
    commissionFlash();
    write(1);
    failWrites(0);
    failWrites(1);
    expect<bool>(write(2)).toBe(false);
    expect<bool>(holds(1)).toBe(true);
    expect<bool>(intact(1)).toBe(true);
  });
});

describe("a dead sector", () => {
  it("of three is passed over, and the other two go on as a pair, for hundreds of records", () => {
    for (let dead: u32 = 0; dead < 3; dead++) {
      commission(Storage.NOR, SECTOR_BYTES, 3, 8);
      failWrites(dead);
      for (let n: u32 = 1; n <= 200; n++) {
        const where = `sector ${dead.toString()}, record ${n.toString()}`;
        expect<bool>(write(n)).toBe(true, where);
        expect<bool>(nearEnd()).toBe(false, where);
        // Not where a write found the sector dead already: until then nothing is out of use.
        if (n % 7 == 0) expect<bool>(intact(n)).toBe(true, where);
      }
      write(201);
      expect<u32>(get(Counter.RETIRED)).toBe(1);
      expect<u32>(violations()).toBe(0);
    }
  });

  it("that only refuses erases is passed over, even when it would take programs", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    failErases(1);
    for (let n: u32 = 1; n <= 40; n++) expect<bool>(write(n)).toBe(true, n.toString());
    expect<u32>(get(Counter.RETIRED)).toBe(1);
    expect<bool>(intact(40)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("that cannot be read hides nothing while three are in service", () => {
    commission(Storage.NOR, SECTOR_BYTES, 3, 8);
    write(1);
    failReads(0);
    failReads(SLOT_BYTES);
    expect<bool>(intact(1)).toBe(true);
    expect<bool>(write(2)).toBe(true);
    expect<bool>(intact(2)).toBe(true);
  });

  it("that cannot be read may hide the newest record where only two are in service", () => {
    commissionFlash();
    write(1);
    failReads(0);
    failReads(SLOT_BYTES);
    expect<bool>(found()).toBe(true);
    expect<u32>(lost()).toBe(1);
  });
});

describe("a lone sector", () => {
  it("takes each record twice, says so, and refuses when it is full without an erase of what counts", () => {
    commission(Storage.NOR, 2 * SECTOR_BYTES, 2, 8);
    failWrites(1);
    let n: u32 = 1;
    for (; write(n); n++) {
      expect<bool>(nearEnd()).toBe(true, n.toString());
      expect<bool>(intact(n)).toBe(true, n.toString());
    }
    expect<u32>(n).toBeGreaterThan(3);
    expect<bool>(write(n)).toBe(false);
    expect<bool>(found()).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    // The last attempt may be whole; a record that was acknowledged is never gone.
    expect<bool>(holds(n - 1) || holds(n)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("shows the loss of a record by its two copies, side by side", () => {
    commission(Storage.NOR, 2 * SECTOR_BYTES, 2, 8);
    failWrites(1);
    write(1);
    found();
    // The newest is followed by a gap, then by the next record twice.
    let slot: u32 = RECORD_SLOT;
    while (byteAt(slot * SLOT_BYTES) != 0xff || byteAt((slot + 1) * SLOT_BYTES) != 0xff) slot++;
    write(2);
    let copies: u32 = 0;
    for (; slot < 16; slot++) {
      if (byteAt(slot * SLOT_BYTES + 20) == 0xff && byteAt(slot * SLOT_BYTES) == 0xff) continue;
      flipBits(slot * SLOT_BYTES + 9, 0x10);
      copies++;
    }
    expect<u32>(copies).toBe(2);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<u32>(lost()).toBe(1);
  });

  it("of three is relied on at the second attempt only: an outage may have spared it", () => {
    commission(Storage.NOR, 2 * SECTOR_BYTES, 3, 8);
    failWrites(1);
    failWrites(2);
    expect<bool>(write(1)).toBe(false);
    expect<bool>(write(2)).toBe(true);
    expect<bool>(nearEnd()).toBe(true);
    expect<bool>(intact(2)).toBe(true);
  });

  it("is no longer alone when the others take writes again", () => {
    commission(Storage.NOR, 2 * SECTOR_BYTES, 2, 8);
    spoilPrograms(2 * SECTOR_BYTES + 3 * SLOT_BYTES + 9);
    expect<bool>(write(1)).toBe(true);
    expect<bool>(nearEnd()).toBe(true);
    expect<bool>(write(2)).toBe(true);
    expect<bool>(nearEnd()).toBe(false);
    expect<u32>(get(Counter.RETIRED)).toBe(0);
    expect<bool>(intact(2)).toBe(true);
  });
});

describe("a header of another generation", () => {
  it("in the second sector makes it no part of the pair, whatever records it has", () => {
    commission(Storage.NOR, SECTOR_BYTES, 4, 8);
    for (let n: u32 = 1; n <= RECORDS; n++) write(n);
    // Pair 2, 3 holds record 6 alone; now only its first sector is readable as such.
    for (let slot: u32 = 0; slot < RECORD_SLOT; slot++) rot(3, slot);
    expect<bool>(intact(RECORDS)).toBe(true);
    expect<bool>(write(RECORDS + 1)).toBe(true);
    expect<bool>(intact(RECORDS + 1)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });

  it("that is later, without a record, does not count, nor does it cost a record", () => {
    commission(Storage.NOR, SECTOR_BYTES, 4, 8);
    for (let n: u32 = 1; n <= RECORDS; n++) write(n);
    rot(2, RECORD_SLOT);
    for (let i: u32 = 0; i < SECTOR_BYTES; i++)
      flipBits(3 * SECTOR_BYTES + i, byteAt(3 * SECTOR_BYTES + i) ^ 0xff);
    // As a cut in the record's first copy leaves it: record 5 counts.
    expect<bool>(intact(RECORDS - 1)).toBe(true);
    expect<bool>(write(RECORDS + 1)).toBe(true);
    expect<bool>(intact(RECORDS + 1)).toBe(true);
  });
});
