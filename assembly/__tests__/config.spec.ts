import { Reason, Storage } from "../abi";
import {
  granule,
  guard,
  kind,
  leaseFirst,
  leaseMax,
  mslMs,
  policy,
  portFirst,
  portLast,
  portLeaseFirst,
  rangeFirst,
  rangeLast,
  reservedRanges,
  reserveRange,
  ringSize,
  sectorBytes,
  sectors,
  setGeometry,
  setLeases,
  setPolicy,
  setPortRange,
} from "../config";

describe("the geometry of storage", () => {
  it("takes NOR flash and EEPROM with granules of 1 to 256 bytes, powers of two", () => {
    for (let size: u32 = 1; size <= 256; size <<= 1) {
      expect<bool>(setGeometry(Storage.NOR, 4096, 2, size)).toBe(true, `NOR ${size.toString()}`);
      expect<bool>(setGeometry(Storage.EEPROM, 4096, 2, size)).toBe(
        true,
        `EEPROM ${size.toString()}`,
      );
    }
    for (let size: u32 = 0; size <= 1024; size++) {
      const good = size != 0 && size <= 256 && (size & (size - 1)) == 0;
      expect<bool>(setGeometry(Storage.NOR, size == 0 ? 256 : size * 192, 2, size)).toBe(
        good,
        `granule ${size.toString()}`,
      );
    }
  });

  it("takes 2 to 32 sectors", () => {
    expect<bool>(setGeometry(Storage.NOR, 4096, 0, 8)).toBe(false);
    expect<bool>(setGeometry(Storage.NOR, 4096, 1, 8)).toBe(false);
    expect<bool>(setGeometry(Storage.NOR, 4096, 2, 8)).toBe(true);
    expect<bool>(setGeometry(Storage.NOR, 4096, 32, 8)).toBe(true);
    expect<bool>(setGeometry(Storage.NOR, 4096, 33, 8)).toBe(false);
  });

  it("takes sectors of any size that is whole granules, as long as offsets fit 32 bits", () => {
    expect<bool>(setGeometry(Storage.NOR, 1000, 2, 8)).toBe(true);
    expect<bool>(setGeometry(Storage.NOR, 1004, 2, 8)).toBe(false);
    expect<bool>(setGeometry(Storage.NOR, 0x7fff_ff00, 2, 256)).toBe(true);
    expect<bool>(setGeometry(Storage.NOR, 0x8000_0000, 2, 256)).toBe(false);
    expect<bool>(setGeometry(Storage.NOR, 0x0800_0000, 32, 256)).toBe(false);
  });

  it("takes sectors of six copies and more, each of 32 bytes padded to granules", () => {
    for (let size: u32 = 1; size <= 256; size <<= 1) {
      const least = 6 * max<u32>(size, 32);
      expect<bool>(setGeometry(Storage.NOR, least, 2, size)).toBe(true, size.toString());
      expect<bool>(setGeometry(Storage.NOR, least - size, 2, size)).toBe(false, size.toString());
    }
    expect<bool>(setGeometry(Storage.EEPROM, 0, 2, 8)).toBe(false);
  });

  it("asks nothing of a key-value store", () => {
    expect<bool>(setGeometry(Storage.KEY_VALUE, 0, 0, 0)).toBe(true);
    expect<u32>(kind).toBe(Storage.KEY_VALUE);
  });

  it("refuses an unknown kind, and changes nothing when it refuses", () => {
    expect<bool>(setGeometry(Storage.NOR, 2048, 3, 16)).toBe(true);
    expect<bool>(setGeometry(3, 4096, 2, 8)).toBe(false);
    expect<bool>(setGeometry(Storage.EEPROM, 4096, 2, 3)).toBe(false);
    expect<bool>(setGeometry(Storage.EEPROM, 4096, 99, 8)).toBe(false);
    expect<bool>(setGeometry(Storage.EEPROM, 4095, 2, 8)).toBe(false);
    expect<u32>(kind).toBe(Storage.NOR);
    expect<u32>(sectorBytes).toBe(2048);
    expect<u32>(sectors).toBe(3);
    expect<u32>(granule).toBe(16);
  });
});

describe("the range of ports", () => {
  beforeEach(() => {
    setPortRange(1024, 65535);
  });

  it("starts as all unprivileged ports, 64,512 of them", () => {
    expect<u32>(portFirst).toBe(1024);
    expect<u32>(portLast).toBe(65535);
    expect<u32>(ringSize).toBe(64512);
    expect<u32>(reservedRanges).toBe(0);
  });

  it("may be one port or all but port 0", () => {
    expect<bool>(setPortRange(49153, 49153)).toBe(true);
    expect<u32>(ringSize).toBe(1);
    expect<bool>(setPortRange(1, 65535)).toBe(true);
    expect<u32>(ringSize).toBe(65535);
  });

  it("refuses port 0, an end above 65535 and an end before the start, and changes nothing", () => {
    expect<bool>(setPortRange(0, 65535)).toBe(false);
    expect<bool>(setPortRange(1024, 65536)).toBe(false);
    expect<bool>(setPortRange(65536, 65536)).toBe(false);
    expect<bool>(setPortRange(2000, 1999)).toBe(false);
    expect<u32>(portFirst).toBe(1024);
    expect<u32>(portLast).toBe(65535);
    expect<u32>(ringSize).toBe(64512);
  });

  it("loses what is reserved, at its ends as well as inside", () => {
    expect<bool>(reserveRange(1024, 1024)).toBe(true);
    expect<u32>(ringSize).toBe(64511);
    expect<bool>(reserveRange(8080, 8089)).toBe(true);
    expect<u32>(ringSize).toBe(64501);
    expect<bool>(reserveRange(65535, 65535)).toBe(true);
    expect<u32>(ringSize).toBe(64500);
    expect<u32>(reservedRanges).toBe(3);
    expect<u32>(rangeFirst(1)).toBe(8080);
    expect<u32>(rangeLast(1)).toBe(8089);
    expect<u32>(rangeFirst(2)).toBe(65535);
    expect<u32>(rangeLast(2)).toBe(65535);
  });

  it("takes reserved ranges in rising order only, next to each other but not over each other", () => {
    expect<bool>(reserveRange(3000, 3009)).toBe(true);
    expect<bool>(reserveRange(3009, 3010)).toBe(false);
    expect<bool>(reserveRange(2000, 2001)).toBe(false);
    expect<bool>(reserveRange(3010, 3010)).toBe(true);
    expect<u32>(ringSize).toBe(64512 - 11);
  });

  it("refuses reserved ranges that lie outside it or end before they start", () => {
    expect<bool>(setPortRange(2000, 2999)).toBe(true);
    expect<bool>(reserveRange(1999, 2000)).toBe(false);
    expect<bool>(reserveRange(2999, 3000)).toBe(false);
    expect<bool>(reserveRange(2500, 2499)).toBe(false);
    expect<u32>(ringSize).toBe(1000);
    expect<u32>(reservedRanges).toBe(0);
  });

  it("keeps at least one port", () => {
    expect<bool>(setPortRange(2000, 2009)).toBe(true);
    expect<bool>(reserveRange(2000, 2009)).toBe(false);
    expect<bool>(reserveRange(2000, 2008)).toBe(true);
    expect<u32>(ringSize).toBe(1);
    expect<bool>(reserveRange(2009, 2009)).toBe(false);
  });

  it("takes eight reserved ranges and refuses a ninth", () => {
    for (let i: u32 = 0; i < 8; i++) {
      expect<bool>(reserveRange(2000 + 10 * i, 2001 + 10 * i)).toBe(true, `range ${i.toString()}`);
    }
    expect<bool>(reserveRange(3000, 3000)).toBe(false);
    expect<u32>(ringSize).toBe(64512 - 16);
  });

  it("forgets the reserved ranges when it is set anew", () => {
    reserveRange(3000, 3009);
    expect<bool>(setPortRange(1024, 65535)).toBe(true);
    expect<u32>(reservedRanges).toBe(0);
    expect<u32>(ringSize).toBe(64512);
  });
});

/** The defaults: first and longest lease, guard, MSL. */
const FIRST: u32 = 0x10_0000;
const LONGEST: u32 = 0x400_0000;
const GUARD: u32 = 0x4_0000;
const MSL_MS: u32 = 120_000;

describe("the leases", () => {
  beforeEach(() => {
    setLeases(FIRST, LONGEST, GUARD, 16);
    setPolicy(0, MSL_MS);
  });

  it("take a guard from 2^18 ticks up, for one of them is what a connection may be ahead", () => {
    expect<u32>(setLeases(FIRST, LONGEST, GUARD - 1, 16)).toBe(Reason.BOUND_GUARD);
    expect<u32>(setLeases(FIRST, LONGEST, 0, 16)).toBe(Reason.BOUND_GUARD);
    expect<u32>(setLeases(FIRST, LONGEST, 0x4000_0001, 16)).toBe(Reason.BOUND_GUARD);
    expect<u32>(setLeases(FIRST, LONGEST, 0xffff_ffff, 16)).toBe(Reason.BOUND_GUARD);
    expect<u32>(setLeases(FIRST, LONGEST, GUARD, 16)).toBe(Reason.NONE);
  });

  it("take a first lease of twice the guard and more", () => {
    expect<u32>(setLeases(2 * GUARD - 1, LONGEST, GUARD, 16)).toBe(Reason.BOUND_LEASE);
    expect<u32>(setLeases(2 * GUARD, LONGEST, GUARD, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, LONGEST, FIRST / 2, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, LONGEST, FIRST / 2 + 1, 16)).toBe(Reason.BOUND_LEASE);
  });

  it("take a longest lease from the first one up, to 2^30", () => {
    expect<u32>(setLeases(FIRST, FIRST - 1, GUARD, 16)).toBe(Reason.CONFIGURATION);
    expect<u32>(setLeases(FIRST, FIRST, GUARD, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, 0x4000_0000, GUARD, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, 0x4000_0001, GUARD, 16)).toBe(Reason.CONFIGURATION);
  });

  it("stay in the window with 16 reboots, 2 × MSL and what connections pull, to the last tick", () => {
    // 2^31 less 2^27, and less a longest lease of 2^30 and 4 × MSL of 1 ms: for 16 (F + G).
    setPolicy(0, 1);
    const left = 0x8000_0000 - 0x800_0000 - 0x4000_0000 - 1000;
    const first = left / 16 - GUARD;
    expect<u32>(left % 16).toBe(8);
    expect<u32>(setLeases(first, 0x4000_0000, GUARD, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(first + 1, 0x4000_0000, GUARD, 16)).toBe(Reason.BOUND_WINDOW);
    expect<u32>(setLeases(first, 0x4000_0000, GUARD + 1, 16)).toBe(Reason.BOUND_WINDOW);
    // The longest lease takes the last 7 ticks, not the eighth: the sum stays below 2^31.
    const shorter = 0x4000_0000 - 16;
    expect<u32>(setLeases(first + 1, shorter + 7, GUARD, 16)).toBe(Reason.NONE);
    expect<u32>(setLeases(first + 1, shorter + 8, GUARD, 16)).toBe(Reason.BOUND_WINDOW);
  });

  it("take 1 to 1,024 ports", () => {
    expect<u32>(setLeases(FIRST, LONGEST, GUARD, 0)).toBe(Reason.CONFIGURATION);
    expect<u32>(setLeases(FIRST, LONGEST, GUARD, 1)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, LONGEST, GUARD, 1024)).toBe(Reason.NONE);
    expect<u32>(setLeases(FIRST, LONGEST, GUARD, 1025)).toBe(Reason.CONFIGURATION);
  });

  it("change nothing when they are refused", () => {
    setLeases(2 * FIRST, FIRST, 2 * GUARD, 1);
    setLeases(2 * FIRST, LONGEST, GUARD - 1, 1);
    setLeases(2 * GUARD - 1, FIRST, GUARD, 1);
    setLeases(2 * FIRST, LONGEST, GUARD, 0);
    setLeases(0x800_0000, 0x4000_0000, GUARD, 1);
    expect<u32>(leaseFirst).toBe(FIRST);
    expect<u32>(leaseMax).toBe(LONGEST);
    expect<u32>(guard).toBe(GUARD);
    expect<u32>(portLeaseFirst).toBe(16);
  });
});

describe("the policy", () => {
  beforeEach(() => {
    setLeases(FIRST, LONGEST, GUARD, 16);
    setPolicy(0, MSL_MS);
  });

  it("is any set of its two switches, and no others", () => {
    for (let bits: u32 = 0; bits < 4; bits++) {
      expect<u32>(setPolicy(bits, MSL_MS)).toBe(Reason.NONE);
      expect<u32>(policy).toBe(bits);
    }
    expect<u32>(setPolicy(4, MSL_MS)).toBe(Reason.CONFIGURATION);
    expect<u32>(setPolicy(0x8000_0000, MSL_MS)).toBe(Reason.CONFIGURATION);
    expect<u32>(policy).toBe(3);
  });

  it("takes an MSL from 1 ms to ten minutes, and changes nothing when it refuses", () => {
    expect<u32>(setPolicy(1, 0)).toBe(Reason.CONFIGURATION);
    expect<u32>(setPolicy(1, 600_001)).toBe(Reason.CONFIGURATION);
    expect<u32>(policy).toBe(0);
    expect<u32>(mslMs).toBe(MSL_MS);
    expect<u32>(setPolicy(0, 1)).toBe(Reason.NONE);
    expect<u32>(setPolicy(0, 600_000)).toBe(Reason.NONE);
    expect<u32>(mslMs).toBe(600_000);
  });

  it("takes no MSL that leaves the window with the leases that are set", () => {
    // What is left of 2^31 is 499,122,176 ticks, and 4 × MSL takes 1,000 a millisecond.
    expect<u32>(setLeases(0x1a0_0000, 0x4000_0000, GUARD, 16)).toBe(Reason.NONE);
    const most: u32 = 499_122;
    expect<u32>(setPolicy(1, most + 1)).toBe(Reason.BOUND_WINDOW);
    expect<u32>(policy).toBe(0);
    expect<u32>(mslMs).toBe(MSL_MS);
    expect<u32>(setPolicy(1, most)).toBe(Reason.NONE);
  });
});
