/** The two structures of the journal: what lies at which byte, and what a check of them notices. */
import { Counter, get } from "../counters";
import { crc32 } from "../crc32";
import {
  acknowledgeDraft,
  boots,
  ceiling,
  clearRecord,
  countErase,
  draftRecord,
  erases,
  flags,
  headerBefore,
  headerSequence,
  headerValid,
  portCeiling,
  putHeader,
  putRecord,
  recordNumber,
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
    draftRecord(0xfedc_ba98_7654_3210, 0x89ab_cdef, 0xffff_fffe, 0x8000_0001);
    putRecord(at);
    clearRecord();
    expect<bool>(recordValid(at)).toBe(true);
    takeRecord(at);
    expect<u32>(recordNumber).toBe(1);
    expect<u64>(ceiling).toBe(0xfedc_ba98_7654_3210);
    expect<u32>(portCeiling).toBe(0x89ab_cdef);
    expect<u32>(boots).toBe(0xffff_fffe);
    expect<u32>(flags).toBe(0x8000_0001);
  });

  it("is 32 bytes, little-endian: number, ceiling, port ceiling, boots, flags, erases, CRC", () => {
    countErase();
    countErase();
    countErase();
    draftRecord(0x1122_3344_5566_7788, 0x99aa_bbcc, 5, 1);
    putRecord(at);
    expect<u32>(STRUCTURE_BYTES).toBe(32);
    expect<u32>(load<u32>(at)).toBe(1);
    expect<u32>(load<u32>(at, 4)).toBe(0x5566_7788);
    expect<u32>(load<u32>(at, 8)).toBe(0x1122_3344);
    expect<u32>(load<u32>(at, 12)).toBe(0x99aa_bbcc);
    expect<u32>(load<u32>(at, 16)).toBe(5);
    expect<u32>(load<u32>(at, 20)).toBe(1);
    expect<u32>(load<u32>(at, 24)).toBe(3);
    expect<u32>(load<u32>(at, 28)).toBe(crc32(at, 28));
    expect<u8>(load<u8>(at, 4)).toBe(0x88);
    expect<u32>(load<u32>(at, 32)).toBe(0xeeee_eeee);
  });

  it("counts as newest only when it is acknowledged", () => {
    draftRecord(1000, 16, 1, 0);
    putRecord(at);
    expect<u32>(recordNumber).toBe(0);
    expect<u64>(ceiling).toBe(0);
    acknowledgeDraft();
    expect<u32>(recordNumber).toBe(1);
    expect<u64>(ceiling).toBe(1000);
    draftRecord(2000, 32, 1, 0);
    expect<u64>(ceiling).toBe(1000);
    acknowledgeDraft();
    expect<u32>(recordNumber).toBe(2);
    expect<u64>(ceiling).toBe(2000);
  });

  it("carries the erases that happened between draft and writing", () => {
    draftRecord(1000, 16, 1, 0);
    countErase();
    putRecord(at);
    acknowledgeDraft();
    expect<u32>(erases).toBe(1);
    expect<u32>(load<u32>(at, 24)).toBe(1);
  });

  it("puts its boots into the counter that the ABI shows", () => {
    draftRecord(1, 1, 77, 0);
    acknowledgeDraft();
    expect<u32>(get(Counter.BOOTS)).toBe(77);
  });

  it("is not valid with any one bit flipped", () => {
    draftRecord(0x1_0000_0000, 48, 3, 1);
    putRecord(at);
    expect<u32>(unnoticedFlips(false)).toBe(0);
    expect<bool>(recordValid(at)).toBe(true);
  });

  it("is not valid when it is torn at any byte, over erased or zeroed memory", () => {
    for (let rest = 0; rest < 2; rest++) {
      const fill: u8 = rest == 0 ? 0xff : 0;
      for (let whole: u32 = 0; whole < STRUCTURE_BYTES; whole++) {
        draftRecord(0x1234_5678_9abc, 48, 3, 1);
        putRecord(at);
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
    expect<u32>(recordNumber).toBe(0);
    expect<u64>(ceiling).toBe(0);
    expect<u32>(portCeiling).toBe(0);
    expect<u32>(boots).toBe(0);
    expect<u32>(flags).toBe(0);
    expect<u32>(erases).toBe(0);
  });
});

describe("a header", () => {
  beforeEach(() => {
    paint(0xee);
    setKey(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  });

  it("gives back the key and the sector's place in the order", () => {
    putHeader(at, 0xdead_beef, 0xdead_beee);
    setKey(0, 0);
    expect<bool>(headerValid(at)).toBe(true);
    takeHeaderKey(at);
    expect<u64>(k0).toBe(0x0706050403020100);
    expect<u64>(k1).toBe(0x0f0e0d0c0b0a0908);
    expect<u32>(headerSequence(at)).toBe(0xdead_beef);
    expect<u32>(headerBefore(at)).toBe(0xdead_beee);
  });

  it("is 32 bytes: `ISN` and version 1, sequence, the one before, key, CRC", () => {
    putHeader(at, 7, 6);
    expect<u8>(load<u8>(at)).toBe(0x49);
    expect<u8>(load<u8>(at, 1)).toBe(0x53);
    expect<u8>(load<u8>(at, 2)).toBe(0x4e);
    expect<u8>(load<u8>(at, 3)).toBe(1);
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
    store<u8>(at + 3, 2);
    store<u32>(at, crc32(at, 28), 28);
    expect<bool>(recordValid(at)).toBe(true);
    expect<bool>(headerValid(at)).toBe(false);
  });

  it("is not a record's twin: a record in its place is no header", () => {
    clearRecord();
    draftRecord(1000, 16, 1, 0);
    putRecord(at);
    expect<bool>(recordValid(at)).toBe(true);
    expect<bool>(headerValid(at)).toBe(false);
  });
});
