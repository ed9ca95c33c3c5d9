/**
 * Power cuts in the journal: at every program and erase of a write, with every number of whole
 * granules done. Acknowledged is what a write returned true for; it must be there after the cut.
 */
import { Storage } from "../abi";
import { FOUND } from "../journal";
import { byteAt, cutPower, operations, tearWithoutTrace, violations } from "./bench";
import {
  commission,
  commissionFlash,
  firstKey,
  found,
  holds,
  lost,
  newPart,
  persistFirstKey,
  persistSecondKey,
  RECORD_SLOT,
  RECORDS,
  restart,
  rot,
  SECTOR_BYTES,
  secondKey,
  wipeSlot,
  write,
} from "./journal-bench";

/** Enough for a copy of 32 bytes in granules of 8, and for an erase to get some way. */
const GRANULES: u32 = 5;
/** A whole sector of erases: the cut comes after the operation. */
const ALL_GRANULES: u32 = 0x1_0000;

/** What went wrong after a cut, as a number that names the promise; 0: nothing. */
const NOTHING_FOUND: u32 = 1;
const KEY_LOST: u32 = 2;
const RECORD_BACK: u32 = 3;
const FALSE_LOSS: u32 = 4;
const NO_WRITE_AFTER: u32 = 5;
const NOT_DURABLE_AFTER: u32 = 6;
const RULE_BROKEN: u32 = 7;

/** Cuts leave no trace in the torn granule. */
let traceless = false;

function granulesOf(step: u32): u32 {
  return step == GRANULES ? ALL_GRANULES : step;
}

/** Restarts after a cut in the write of record `n`, and goes on writing. */
function problemAfter(n: u32): u32 {
  if (!found()) return NOTHING_FOUND;
  if (!firstKey()) return KEY_LOST;
  if (!holds(n - 1) && !holds(n)) return RECORD_BACK;
  if (lost() != 0) return FALSE_LOSS;
  if (!write(n + 1)) return NO_WRITE_AFTER;
  if (!found() || !holds(n + 1) || !firstKey() || lost() != 0) return NOT_DURABLE_AFTER;
  // What left no trace cannot be kept out of the way everywhere: there only the outcome counts.
  return violations() == 0 || traceless ? 0 : RULE_BROKEN;
}

/** Cuts each operation of the write of record `n`, at each granule. The first problem, or 0. */
function cutEverywhere(kind: u32, sectorBytes: u32, granule: u32, n: u32, sectors: u32 = 2): u32 {
  for (let step: u32 = 0; step <= GRANULES; step++) {
    for (let operation: u32 = 0; ; operation++) {
      commission(kind, sectorBytes, sectors, granule);
      for (let before: u32 = 1; before < n; before++) write(before);
      const start = operations();
      if (traceless) tearWithoutTrace();
      cutPower(operation, granulesOf(step));
      const done = write(n);
      if (done && operations() - start <= operation) break;
      const problem = problemAfter(n);
      if (problem != 0) return problem;
    }
  }
  return 0;
}

describe("a power cut while a record is written", () => {
  beforeEach(() => {
    traceless = false;
  });

  it("in its first copy, at any granule, leaves the record before it, and nothing is lost", () => {
    for (let granules: u32 = 0; granules < 4; granules++) {
      commissionFlash();
      write(1);
      cutPower(0, granules);
      expect<bool>(write(2)).toBe(false);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(1)).toBe(true, `${granules.toString()} granules`);
      expect<bool>(firstKey()).toBe(true);
      expect<u32>(lost()).toBe(0);
    }
  });

  it("in its second copy, at any granule, takes the first copy", () => {
    for (let granules: u32 = 0; granules < 4; granules++) {
      commissionFlash();
      write(1);
      cutPower(1, granules);
      expect<bool>(write(2)).toBe(false);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(2)).toBe(true, `${granules.toString()} granules`);
      expect<u32>(lost()).toBe(0);
    }
  });

  it("in a rotation leaves the old pair in force until the fresh pair has the record", () => {
    // Erase, two copies of the header and the record in one sector; then the same in the other.
    for (let operation: u32 = 0; operation < 8; operation++) {
      commissionFlash();
      for (let n: u32 = 1; n < RECORDS; n++) write(n);
      cutPower(operation, 0);
      expect<bool>(write(RECORDS)).toBe(false);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(operation <= 3 ? RECORDS - 1 : RECORDS)).toBe(true, operation.toString());
      expect<bool>(firstKey()).toBe(true);
      expect<u32>(lost()).toBe(0);
    }
  });

  it("that left a whole first copy costs nothing when that reads as nothing at the next boot", () => {
    for (let way = 0; way < 2; way++) {
      commissionFlash();
      write(1);
      cutPower(1, 0);
      write(2);
      // Never acknowledged, so nobody relies on it.
      if (way == 0) rot(0, RECORD_SLOT + 2);
      else {
        wipeSlot(0, RECORD_SLOT + 2);
        wipeSlot(1, RECORD_SLOT + 2);
      }
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(1)).toBe(true);
    }
  });

  it("never makes the journal program a touched granule again", () => {
    commissionFlash();
    for (let n: u32 = 1; n <= 40; n++) {
      cutPower(n & 1, n % 5);
      write(n);
      expect<bool>(found()).toBe(true, n.toString());
      expect<u32>(violations()).toBe(0, n.toString());
    }
    expect<bool>(write(41)).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(41)).toBe(true);
  });

  it("keeps every promise in each slot of a pair, and while the journal moves to the next", () => {
    for (let n: u32 = 1; n <= 13; n++) {
      const where = `record ${n.toString()}`;
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 8, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 8, n, 3)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 8, n, 4)).toBe(0, where);
    }
  });

  it("keeps them with granules of one byte, of 32 and of 256, and on an EEPROM", () => {
    for (let n: u32 = 4; n <= 8; n++) {
      const where = `record ${n.toString()}`;
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 1, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 32, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.NOR, 2048, 256, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.EEPROM, SECTOR_BYTES, 1, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.EEPROM, SECTOR_BYTES, 16, n)).toBe(0, where);
    }
  });
});

describe("a power cut that leaves no trace in the granule that it tore", () => {
  beforeEach(() => {
    traceless = true;
  });

  it("costs no record and no key, though a second program of that granule fails", () => {
    for (let n: u32 = 1; n <= 13; n++) {
      const where = `record ${n.toString()}`;
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 8, n)).toBe(0, where);
      expect<u32>(cutEverywhere(Storage.NOR, SECTOR_BYTES, 32, n)).toBe(0, where);
    }
  });

  it("keeps records off that granule: the slot is skipped at the boot that follows", () => {
    commissionFlash();
    write(1);
    tearWithoutTrace();
    cutPower(0, 0);
    expect<bool>(write(2)).toBe(false);
    expect<bool>(found()).toBe(true);
    expect<bool>(write(3)).toBe(true);
    expect<u32>(violations()).toBe(0);
  });
});

describe("a power cut while the key is replaced", () => {
  it("leaves the old key with its record or the new one with its own, never half of either", () => {
    let old: u32 = 0;
    let fresh: u32 = 0;
    for (let step: u32 = 0; step <= GRANULES; step++) {
      for (let operation: u32 = 0; ; operation++) {
        commissionFlash();
        write(1);
        const start = operations();
        cutPower(operation, granulesOf(step));
        const done = persistSecondKey();
        if (done && operations() - start <= operation) break;
        const where = `operation ${operation.toString()}, ${step.toString()} granules`;
        // The module itself goes on with the key that is durable as far as it knows.
        expect<bool>(done ? secondKey() : firstKey()).toBe(true, where);
        expect<bool>(found()).toBe(true, where);
        if (firstKey()) {
          expect<bool>(done).toBe(false, where);
          expect<bool>(holds(1)).toBe(true, where);
          old++;
        } else {
          expect<bool>(secondKey()).toBe(true, where);
          expect<bool>(holds(9)).toBe(true, where);
          fresh++;
        }
        expect<u32>(lost()).toBe(0, where);
        expect<u32>(violations()).toBe(0, where);
        // It goes on with the key that it found, for good.
        const first = firstKey();
        expect<bool>(write(20)).toBe(true, where);
        expect<bool>(found()).toBe(true, where);
        expect<bool>(first ? firstKey() : secondKey()).toBe(true, where);
        expect<bool>(holds(20)).toBe(true, where);
      }
    }
    // Both outcomes were seen, so the cut did happen before and after the step that counts.
    expect<u32>(old).toBeGreaterThan(0);
    expect<u32>(fresh).toBeGreaterThan(0);
  });

  it("holds for the very first key: none, or the whole one", () => {
    for (let operation: u32 = 0; operation < 8; operation++) {
      for (let step: u32 = 0; step <= GRANULES; step++) {
        const where = `operation ${operation.toString()}, ${step.toString()} granules`;
        const done = commissionWithCut(operation, granulesOf(step));
        const outcome = restart();
        if (done) expect<u32>(outcome).toBe(FOUND, where);
        if (outcome != FOUND) continue;
        expect<bool>(firstKey()).toBe(true, where);
        expect<bool>(holds(0)).toBe(true, where);
      }
    }
  });

  it("forgets the old key for good once the new one is acknowledged", () => {
    commissionFlash();
    write(1);
    expect<bool>(persistSecondKey()).toBe(true);
    expect<bool>(found()).toBe(true);
    expect<bool>(secondKey()).toBe(true);
    let traces = 0;
    for (let at: u32 = 0; at + 16 <= 2 * SECTOR_BYTES; at++) if (firstKeyAt(at)) traces++;
    expect<i32>(traces).toBe(0);
    let kept = 0;
    for (let at: u32 = 0; at + 16 <= 2 * SECTOR_BYTES; at++) if (secondKeyAt(at)) kept++;
    expect<i32>(kept).toBe(4);
  });
});

function commissionWithCut(operation: u32, granules: u32): bool {
  newPart(Storage.NOR, SECTOR_BYTES, 2, 8);
  restart();
  cutPower(operation, granules);
  return persistFirstKey();
}

/** True when the 16 bytes at `at` count up from `first`, as both keys here do. */
function countsUpFrom(at: u32, first: u32): bool {
  for (let i: u32 = 0; i < 16; i++) if (byteAt(at + i) != first + i) return false;
  return true;
}

function firstKeyAt(at: u32): bool {
  return countsUpFrom(at, 0x00);
}

function secondKeyAt(at: u32): bool {
  return countsUpFrom(at, 0x10);
}
