/** The journal on a key-value store: two values, of which one always holds what was acknowledged. */
import { Storage } from "../abi";
import { BLANK, CORRUPT, FOUND } from "../journal";
import { cutPower, flipValueBits, operations, valueByteAt } from "./bench";
import {
  commission,
  firstKey,
  found,
  holds,
  newPart,
  persistSecondKey,
  restart,
  secondKey,
  write,
} from "./journal-bench";

/** Header, then record. */
const VALUE_BYTES: u32 = 64;
/** The cut comes after the put. */
const AFTER: u32 = 1;

function commissionStore(): void {
  commission(Storage.KEY_VALUE, 0, 0, 1);
}

describe("the journal on a key-value store", () => {
  it("is blank when the store holds neither value", () => {
    newPart(Storage.KEY_VALUE, 0, 0, 1);
    expect<u32>(restart()).toBe(BLANK);
  });

  it("brings back the newest of many records and the key", () => {
    commissionStore();
    for (let n: u32 = 1; n <= 50; n++) {
      expect<bool>(write(n)).toBe(true);
      if (n % 4 != 0) continue;
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(n)).toBe(true, n.toString());
      expect<bool>(firstKey()).toBe(true);
    }
  });

  it("puts two values a record", () => {
    commissionStore();
    const before = operations();
    write(1);
    expect<u32>(operations() - before).toBe(2);
  });

  it("takes one rotted value from the other, whichever bit it is", () => {
    for (let key: u32 = 0; key < 2; key++) {
      for (let byte: u32 = 0; byte < VALUE_BYTES; byte++) {
        commissionStore();
        write(1);
        flipValueBits(key, byte, 0x20);
        const where = `key ${key.toString()}, byte ${byte.toString()}`;
        expect<bool>(found()).toBe(true, where);
        expect<bool>(holds(1)).toBe(true, where);
        expect<bool>(firstKey()).toBe(true, where);
      }
    }
  });

  it("is corrupt when both values are rotted, in header or record", () => {
    for (let byte: u32 = 0; byte < VALUE_BYTES; byte += 21) {
      commissionStore();
      flipValueBits(0, byte, 1);
      flipValueBits(1, VALUE_BYTES - 1 - byte, 1);
      expect<u32>(restart()).toBe(CORRUPT);
    }
  });

  it("keeps what was acknowledged through a power cut at either put, before and after it", () => {
    for (let records: u32 = 0; records < 4; records++) {
      for (let operation: u32 = 0; operation < 2; operation++) {
        for (let granules: u32 = 0; granules <= AFTER; granules++) {
          commissionStore();
          for (let n: u32 = 1; n <= records; n++) write(n);
          found();
          cutPower(operation, granules);
          expect<bool>(write(records + 1)).toBe(false);
          expect<bool>(found()).toBe(true);
          // One put is enough to be found; before the first the old record stands.
          const whole = operation == 1;
          expect<bool>(holds(whole ? records + 1 : records)).toBe(true);
          expect<bool>(firstKey()).toBe(true);
          // A second cut at once, and the value that is good must still be the one left alone.
          cutPower(0, 0);
          write(records + 2);
          expect<bool>(found()).toBe(true);
          expect<bool>(holds(whole ? records + 1 : records)).toBe(true);
        }
      }
    }
  });

  it("puts again to the value that a cut put may have left, so the acknowledged one stays", () => {
    for (let records: u32 = 0; records < 4; records++) {
      commissionStore();
      for (let n: u32 = 1; n <= records; n++) write(n);
      found();
      // The keys take turns at being put first, as the newest value says; only one put happens here.
      const first = 1 - valueByteAt(0, 8);
      cutPower(1, 0);
      write(records + 1);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(records + 1)).toBe(true);
      cutPower(1, 0);
      write(records + 2);
      // That key's value was never acknowledged; the other one holds what was.
      flipValueBits(first, 40, 0xff);
      expect<bool>(found()).toBe(true);
      expect<bool>(holds(records)).toBe(true);
      expect<bool>(firstKey()).toBe(true);
    }
  });

  it("takes half of one put and half of another for no value, though each half is good", () => {
    commissionStore();
    const old = new StaticArray<u32>(VALUE_BYTES);
    for (let i: u32 = 0; i < VALUE_BYTES; i++) old[i] = valueByteAt(0, i);
    write(1);
    for (let i: u32 = VALUE_BYTES / 2; i < VALUE_BYTES; i++) {
      flipValueBits(0, i, valueByteAt(0, i) ^ old[i]);
    }
    expect<bool>(found()).toBe(true);
    expect<bool>(holds(1)).toBe(true);
    flipValueBits(1, 40, 1);
    expect<u32>(restart()).toBe(CORRUPT);
  });

  it("replaces the key in one step: the old one before the first put, the new one after it", () => {
    for (let operation: u32 = 0; operation < 3; operation++) {
      commissionStore();
      cutPower(operation, 0);
      const done = persistSecondKey();
      expect<bool>(done).toBe(operation == 2);
      expect<bool>(found()).toBe(true);
      expect<bool>(operation == 0 ? firstKey() : secondKey()).toBe(true);
      expect<bool>(holds(operation == 0 ? 0 : 9)).toBe(true);
    }
  });

  it("does not take a value of the wrong format for blank storage", () => {
    commissionStore();
    flipValueBits(0, 0, 0xff);
    flipValueBits(1, 0, 0xff);
    expect<u32>(restart()).not.toBe(BLANK);
    expect<u32>(restart()).not.toBe(FOUND);
  });
});
