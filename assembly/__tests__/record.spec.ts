/** The two structures of the journal: what lies at which byte, and what a check of them notices. */
import { Counter, get } from "../counters";
import { crc32 } from "../crc32";
import {
  acknowledgeDraft,
  beginEpochUnknown,
  boots,
  ceiling,
  clearRecord,
  countErase,
  draftRecord,
  EPOCHS_LOSS,
  epoch,
  erases,
  headerGeneration,
  headerOrder,
  headerValid,
  outOfUse,
  passEpochs,
  portCeiling,
  putHeader,
  putRecord,
  quietOwed,
  rankOf,
  recordTag,
  recordValid,
  STRUCTURE_BYTES,
  takeHeaderKey,
  takeRecord,
} from "../record";
import { k0, k1, setKey } from "../tuple";

/** A structure, with room behind it that must stay as it is. */
const at: usize = memory.data(40, 8);

function paint(value: u8): void {
  for (let i: u32 = 0; i < 40; i++) store<u8>(at + i, value);
}

/** Counts bits of the structure whose flip the check does not notice. */
function unnoticedFlips(header: bool): u32 {
  let unnoticed: u32 = 0;
  for (let bit: u32 = 0; bit < STRUCTURE_BYTES * 8; bit++) {
    const byte = at + (bit >> 3);
    const mask = <u8>((<u32>1) << (bit & 7));
    store<u8>(byte, load<u8>(byte) ^ mask);
    if (header ? headerValid(at) : recordValid(at)) unnoticed++;
    store<u8>(byte, load<u8>(byte) ^ mask);
  }
  return unnoticed;
}

describe("a record", () => {
  beforeEach(() => {
    clearRecord();
    paint(0xee);
  });

  it("comes back as it was drafted, to the last bit of each field", () => {
    draftRecord(0xfedc_ba98_7654_3210, 0x89ab_cdef, 0xffff_fffe, 1);
    putRecord(at, 0x8765_4321);
    clearRecord();
    expect<bool>(recordValid(at)).toBe(true);
    takeRecord(at);
    expect<u64>(ceiling).toBe(0xfedc_ba98_7654_3210);
    expect<u32>(portCeiling).toBe(0x89ab_cdef);
    expect<u32>(boots).toBe(0xffff_fffe);
    expect<bool>(quietOwed).toBe(true);
    expect<u32>(outOfUse).toBe(0x8765_4321);
    expect<u32>(recordTag(at)).toBe(0x8765_4321);
  });

  it("is 32 bytes, little-endian: ceiling, port ceiling, boots, epoch and flag, erases, tag, CRC", () => {
    countErase();
    countErase();
    countErase();
    passEpochs(1);
    draftRecord(0x1122_3344_5566_7788, 0x99aa_bbcc, 5, 1);
    putRecord(at, 7);
    expect<u32>(STRUCTURE_BYTES).toBe(32);
    expect<u32>(load<u32>(at)).toBe(0x5566_7788);
    expect<u32>(load<u32>(at, 4)).toBe(0x1122_3344);
    expect<u32>(load<u32>(at, 8)).toBe(0x99aa_bbcc);
    expect<u32>(load<u32>(at, 12)).toBe(5);
    expect<u32>(load<u32>(at, 16)).toBe(0b11);
    expect<u32>(load<u32>(at, 20)).toBe(3);
    expect<u32>(load<u32>(at, 24)).toBe(7);
    expect<u32>(load<u32>(at, 28)).toBe(crc32(at, 28));
    expect<u8>(load<u8>(at)).toBe(0x88);
    expect<u32>(load<u32>(at, 32)).toBe(0xeeee_eeee);
  });

  it("keeps nothing of the flags but that quiet time is owed: the rest is the epoch", () => {
    draftRecord(1, 1, 1, 0xffff_fffe);
    putRecord(at, 0);
    takeRecord(at);
    expect<bool>(quietOwed).toBe(false);
    expect<u32>(epoch).toBe(0);
  });

  it("counts as newest only when it is acknowledged", () => {
    draftRecord(1000, 16, 1, 0);
    putRecord(at, 0);
    expect<u64>(ceiling).toBe(0);
    acknowledgeDraft();
    expect<u64>(ceiling).toBe(1000);
    draftRecord(2000, 32, 1, 0);
    expect<u64>(ceiling).toBe(1000);
    acknowledgeDraft();
    expect<u64>(ceiling).toBe(2000);
  });

  it("carries the erases that happened between draft and writing", () => {
    draftRecord(1000, 16, 1, 0);
    countErase();
    putRecord(at, 0);
    acknowledgeDraft();
    expect<u32>(erases).toBe(1);
    expect<u32>(load<u32>(at, 20)).toBe(1);
  });

  it("puts its boots into the counter that the ABI shows", () => {
    draftRecord(1, 1, 77, 0);
    acknowledgeDraft();
    expect<u32>(get(Counter.BOOTS)).toBe(77);
  });

  it("is not valid with any one bit flipped", () => {
    draftRecord(0x1_0000_0000, 48, 3, 1);
    putRecord(at, 0);
    expect<u32>(unnoticedFlips(false)).toBe(0);
    expect<bool>(recordValid(at)).toBe(true);
  });

  it("is not valid when it is torn at any byte, over erased or zeroed memory", () => {
    for (let rest = 0; rest < 2; rest++) {
      const fill: u8 = rest == 0 ? 0xff : 0;
      for (let whole: u32 = 0; whole < STRUCTURE_BYTES; whole++) {
        draftRecord(0x1234_5678_9abc, 48, 3, 1);
        putRecord(at, 0);
        if (load<u8>(at + whole) == fill) continue;
        for (let i = whole; i < STRUCTURE_BYTES; i++) store<u8>(at + i, fill);
        expect<bool>(recordValid(at)).toBe(false, `${whole.toString()} bytes whole`);
      }
    }
  });

  it("is cleared before a boot reads storage", () => {
    draftRecord(5, 6, 7, 1);
    countErase();
    acknowledgeDraft();
    clearRecord();
    expect<u64>(ceiling).toBe(0);
    expect<u32>(portCeiling).toBe(0);
    expect<u32>(boots).toBe(0);
    expect<bool>(quietOwed).toBe(false);
    expect<u32>(epoch).toBe(0);
    expect<u32>(erases).toBe(0);
    expect<u32>(outOfUse).toBe(0);
  });
});

/** The rank of a record of the epoch that runs now. */
function rankNow(generation: u32): u64 {
  draftRecord(1, 1, 1, 0);
  putRecord(at, 0);
  return rankOf(at, generation);
}

describe("the order of records", () => {
  beforeEach(() => {
    clearRecord();
  });

  it("is by epoch first, then by generation, and not by the flag", () => {
    const before = rankNow(5);
    expect<u64>(rankNow(6)).toBeGreaterThan(before);
    draftRecord(1, 1, 1, 1);
    putRecord(at, 0);
    expect<u64>(rankOf(at, 5)).toBe(before);
    passEpochs(1);
    expect<u64>(rankNow(0)).toBeGreaterThan(before);
    expect<u64>(rankNow(0xffff_ffff)).toBeGreaterThan(rankNow(0));
  });

  it("puts a boot past a torn key beyond that key's epoch", () => {
    passEpochs(1);
    const torn = rankNow(0xffff_ffff);
    clearRecord();
    passEpochs(2);
    expect<u64>(rankNow(0)).toBeGreaterThan(torn);
  });

  it("puts what follows a loss beyond 500 new keys and boots past torn ones", () => {
    for (let i = 0; i < 500; i++) {
      if (i % 2 == 0) passEpochs(1);
      else passEpochs(2);
    }
    const lost = rankNow(0xffff_ffff);
    clearRecord();
    passEpochs(EPOCHS_LOSS);
    expect<u64>(rankNow(0)).toBeGreaterThan(lost);
  });

  it("puts a key for storage of which nothing is known beyond all epochs that were counted up to", () => {
    passEpochs(EPOCHS_LOSS);
    passEpochs(EPOCHS_LOSS);
    const before = rankNow(0xffff_ffff);
    clearRecord();
    beginEpochUnknown();
    expect<u64>(rankNow(0)).toBeGreaterThan(before);
    expect<u32>(epoch).toBe(0x8000_0000);
  });
});

describe("a header", () => {
  beforeEach(() => {
    paint(0xee);
    setKey(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  });

  it("gives back the key, the pair's place in the order, and the order of a value's two keys", () => {
    putHeader(at, 0xdead_beef, 1);
    setKey(0, 0);
    expect<bool>(headerValid(at)).toBe(true);
    takeHeaderKey(at);
    expect<u64>(k0).toBe(0x0706050403020100);
    expect<u64>(k1).toBe(0x0f0e0d0c0b0a0908);
    expect<u32>(headerGeneration(at)).toBe(0xdead_beef);
    expect<u32>(headerOrder(at)).toBe(1);
  });

  it("is 32 bytes: `ISN` and version 2, generation, order, key, CRC", () => {
    putHeader(at, 7, 6);
    expect<u8>(load<u8>(at)).toBe(0x49);
    expect<u8>(load<u8>(at, 1)).toBe(0x53);
    expect<u8>(load<u8>(at, 2)).toBe(0x4e);
    expect<u8>(load<u8>(at, 3)).toBe(2);
    expect<u32>(load<u32>(at, 4)).toBe(7);
    expect<u32>(load<u32>(at, 8)).toBe(6);
    for (let i: u32 = 0; i < 16; i++) expect<u8>(load<u8>(at + 12 + i)).toBe(<u8>i);
    expect<u32>(load<u32>(at, 28)).toBe(crc32(at, 28));
    expect<u32>(load<u32>(at, 32)).toBe(0xeeee_eeee);
  });

  it("is not valid with any one bit flipped", () => {
    putHeader(at, 7, 6);
    expect<u32>(unnoticedFlips(true)).toBe(0);
    expect<bool>(headerValid(at)).toBe(true);
  });

  it("of another format or version is not valid, whatever its CRC", () => {
    putHeader(at, 7, 6);
    store<u8>(at + 3, 1);
    store<u32>(at, crc32(at, 28), 28);
    expect<bool>(recordValid(at)).toBe(true);
    expect<bool>(headerValid(at)).toBe(false);
  });

  it("is not a record's twin: a record in its place is no header", () => {
    clearRecord();
    draftRecord(1000, 16, 1, 0);
    putRecord(at, 0);
    expect<bool>(recordValid(at)).toBe(true);
    expect<bool>(headerValid(at)).toBe(false);
  });
});
