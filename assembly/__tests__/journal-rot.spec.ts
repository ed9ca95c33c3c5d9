/** Bit rot in the journal: one copy costs nothing, two are a loss that is known, never a reuse. */
import { Counter, get } from "../counters";
import { CORRUPT, lost } from "../journal";
import { recordsLost } from "../ledger";
import { ceiling } from "../record";
import { k0, k1 } from "../tuple";
import { byteAt, failReads, flipBits, violations } from "./bench";
import {
  COPY_BYTES,
  commissionFlash,
  firstKey,
  found,
  holds,
  restart,
  SECTOR_BYTES,
  SLOT_BYTES,
  write,
} from "./journal-bench";

const RECORD_SLOT: u32 = 2;

/** Flips bits all over a stretch of memory. */
function spoil(from: u32, bytes: u32): void {
  for (let i = from; i < from + bytes; i++) flipBits(i, 0x5a);
}

/** Spoils one copy, 0 or 1, of a slot of the first sector, in its middle. */
function rotCopy(slot: u32, copy: u32): void {
  flipBits(slot * SLOT_BYTES + copy * COPY_BYTES + 9, 0x10);
}

describe("rot", () => {
  it("of either copy of the newest record costs nothing", () => {
    for (let copy: u32 = 0; copy < 2; copy++) {
      commissionFlash();
      write(1);
      rotCopy(RECORD_SLOT + 1, copy);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(1)).toBe(true);
      expect<u32>(lost).toBe(0);
    }
  });

  it("of both copies is a lost record: an older one comes back, and the loss is known", () => {
    commissionFlash();
    write(1);
    rotCopy(RECORD_SLOT + 1, 0);
    rotCopy(RECORD_SLOT + 1, 1);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<u32>(lost).toBe(1);
    expect<bool>(recordsLost()).toBe(true);
    expect<u32>(get(Counter.LOST)).toBe(1);
  });

  it("of several records counts each", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 4; n++) write(n);
    for (let slot = RECORD_SLOT + 2; slot <= RECORD_SLOT + 4; slot++) {
      rotCopy(slot, 0);
      rotCopy(slot, 1);
    }
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<u32>(lost).toBe(3);
  });

  it("of an older record is of no interest", () => {
    commissionFlash();
    write(1);
    write(2);
    rotCopy(RECORD_SLOT + 1, 0);
    rotCopy(RECORD_SLOT + 1, 1);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(2)).toBe(true);
    expect<u32>(lost).toBe(0);
  });

  it("of either copy of the header costs nothing", () => {
    for (let copy: u32 = 0; copy < 2; copy++) {
      commissionFlash();
      write(1);
      rotCopy(0, copy);
      expect<bool>(found()).toBe(true);
      expect<bool>(firstKey()).toBe(true);
      expect<bool>(holds(1)).toBe(true);
    }
  });

  it("of both copies of the only header leaves nothing that can be trusted", () => {
    commissionFlash();
    rotCopy(0, 0);
    rotCopy(0, 1);
    expect<u32>(restart()).toBe(CORRUPT);
    expect<u64>(k0 | k1).toBe(0);
    expect<u64>(ceiling).toBe(0);
  });

  it("that makes a granule unreadable hides neither the good copy nor the loss", () => {
    commissionFlash();
    write(1);
    failReads((RECORD_SLOT + 1) * SLOT_BYTES + 8);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    expect<u32>(lost).toBe(0);
    failReads((RECORD_SLOT + 1) * SLOT_BYTES + COPY_BYTES + 8);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(0)).toBe(true);
    expect<u32>(lost).toBe(1);
  });

  it("of a whole sector shows by the closed one before it: records are lost, the key is not", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 8; n++) write(n);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(8)).toBe(true);
    spoil(SECTOR_BYTES, SECTOR_BYTES);
    expect<bool>(found()).toBe(true);
    // The last record of the first sector.
    expect<bool>(holds(5)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<u32>(lost).toBe(1);
  });

  it("that erased the newer sector shows in the same way", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 8; n++) write(n);
    // Programmed bits back to 1, without a trace.
    eraseSilently();
    expect<bool>(found()).toBe(true);
    expect<u32>(lost).toBe(1);
    expect<bool>(holds(5)).toBe(true);
  });

  it("is over once a new record is durable", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 8; n++) write(n);
    spoil(SECTOR_BYTES, SECTOR_BYTES);
    found();
    expect<bool>(write(20)).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(20)).toBe(true);
    expect<bool>(firstKey()).toBe(true);
    expect<u32>(lost).toBe(0);
    expect<u32>(violations()).toBe(0);
  });
});

/** Makes the second sector of the memory look erased, byte by byte. */
function eraseSilently(): void {
  for (let i = SECTOR_BYTES; i < 2 * SECTOR_BYTES; i++) flipBits(i, byteAt(i) ^ 0xff);
}
