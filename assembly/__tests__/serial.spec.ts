import { distance, after as isAfter } from "../serial";

/** The places where a sequence number wraps, and numbers in between. */
const SHIFTS: StaticArray<u32> = [
  0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0x1234_5678,
  0xf548_ee61, 1841260670,
];

/** Steps that lie serially ahead, RFC 9293 §3.4: 1 … 2^31 − 1. */
const AHEAD: StaticArray<u32> = [1, 2, 0x100, 0x1_0000, 0x7fff_fffe, 0x7fff_ffff];

describe("serial arithmetic (RFC 9293 §3.4)", () => {
  it("sees no distance between a number and itself", () => {
    for (let i = 0; i < SHIFTS.length; i++) {
      expect<i32>(distance(SHIFTS[i], SHIFTS[i])).toBe(0);
      expect<bool>(isAfter(SHIFTS[i], SHIFTS[i])).toBe(false);
    }
  });

  it("puts a number up to 2^31 − 1 further on after the first, across every wrap", () => {
    for (let i = 0; i < SHIFTS.length; i++) {
      for (let k = 0; k < AHEAD.length; k++) {
        const from = SHIFTS[i];
        const to = from + AHEAD[k];
        const where = `${from.toString()} to ${to.toString()}`;
        expect<i32>(distance(from, to)).toBe(<i32>AHEAD[k], where);
        expect<i32>(distance(to, from)).toBe(-(<i32>AHEAD[k]), where);
        expect<bool>(isAfter(to, from)).toBe(true, where);
        expect<bool>(isAfter(from, to)).toBe(false, where);
      }
    }
  });

  it("takes a number exactly 2^31 away for after in neither direction", () => {
    for (let i = 0; i < SHIFTS.length; i++) {
      const from = SHIFTS[i];
      const to = from + 0x8000_0000;
      expect<i32>(distance(from, to)).toBe(i32.MIN_VALUE);
      expect<bool>(isAfter(to, from)).toBe(false);
      expect<bool>(isAfter(from, to)).toBe(false);
    }
  });

  it("takes 2^31 + 1 ahead for behind", () => {
    for (let i = 0; i < SHIFTS.length; i++) {
      const from = SHIFTS[i];
      const to = from + 0x8000_0001;
      expect<i32>(distance(from, to)).toBe(-i32.MAX_VALUE);
      expect<bool>(isAfter(to, from)).toBe(false);
      expect<bool>(isAfter(from, to)).toBe(true);
    }
  });

  it("steps over 2^32 and over 2^31 as over any other number", () => {
    expect<i32>(distance(0xffff_ffff, 0)).toBe(1);
    expect<i32>(distance(0, 0xffff_ffff)).toBe(-1);
    expect<i32>(distance(0x7fff_ffff, 0x8000_0000)).toBe(1);
    expect<i32>(distance(0x8000_0001, 0x8000_0000)).toBe(-1);
    expect<bool>(isAfter(0x8000_0000, 0x7fff_ffff)).toBe(true);
    expect<bool>(isAfter(0, 0xffff_ffff)).toBe(true);
  });

  it("judges two field traces: 2233732218 ahead is behind, 0xf54bdc5d after 0xf548ee61 is not", () => {
    expect<bool>(isAfter(4074992888, 1841260670)).toBe(false);
    expect<i32>(distance(1841260670, 4074992888)).toBe(-2061235078);
    expect<bool>(isAfter(0xf54b_dc5d, 0xf548_ee61)).toBe(true);
    expect<i32>(distance(0xeb99_7d92, 0xea9a_7c92)).toBe(-16711936);
  });
});
