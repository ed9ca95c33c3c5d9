import { Storage } from "../abi";
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
      expect<bool>(setGeometry(Storage.NOR, size == 0 ? 64 : size * 16, 2, size)).toBe(
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

describe("the leases", () => {
  beforeEach(() => {
    setLeases(0x10_0000, 0x400_0000, 0x4_0000, 16);
  });

  it("take a first lease from 2^10 ticks up, and a longest one up to 2^30", () => {
    expect<bool>(setLeases(0x400, 0x400, 1, 1)).toBe(true);
    expect<bool>(setLeases(0x3ff, 0x400, 1, 1)).toBe(false);
    expect<bool>(setLeases(0x400, 0x4000_0000, 1, 1)).toBe(true);
    expect<bool>(setLeases(0x400, 0x4000_0001, 1, 1)).toBe(false);
    expect<bool>(setLeases(0x800, 0x7ff, 1, 1)).toBe(false);
  });

  it("take a guard from 1 tick to half of the first lease", () => {
    expect<bool>(setLeases(0x1000, 0x1000, 0, 16)).toBe(false);
    expect<bool>(setLeases(0x1000, 0x1000, 1, 16)).toBe(true);
    expect<bool>(setLeases(0x1000, 0x1000, 0x800, 16)).toBe(true);
    expect<bool>(setLeases(0x1000, 0x1000, 0x801, 16)).toBe(false);
    expect<bool>(setLeases(0x1000, 0x1000, 0xffff_ffff, 16)).toBe(false);
  });

  it("take 1 to 1,024 ports", () => {
    expect<bool>(setLeases(0x1000, 0x1000, 1, 0)).toBe(false);
    expect<bool>(setLeases(0x1000, 0x1000, 1, 1)).toBe(true);
    expect<bool>(setLeases(0x1000, 0x1000, 1, 1024)).toBe(true);
    expect<bool>(setLeases(0x1000, 0x1000, 1, 1025)).toBe(false);
  });

  it("change nothing when they are refused", () => {
    expect<bool>(setLeases(0x2000, 0x1000, 1, 1)).toBe(false);
    expect<bool>(setLeases(0x2000, 0x2000, 0, 1)).toBe(false);
    expect<bool>(setLeases(0x2000, 0x2000, 1, 0)).toBe(false);
    expect<u64>(leaseFirst).toBe(0x10_0000);
    expect<u64>(leaseMax).toBe(0x400_0000);
    expect<u64>(guard).toBe(0x4_0000);
    expect<u32>(portLeaseFirst).toBe(16);
  });
});

describe("the policy", () => {
  beforeEach(() => {
    setPolicy(0, 120_000);
  });

  it("is any set of its two switches, and no others", () => {
    for (let bits: u32 = 0; bits < 4; bits++) {
      expect<bool>(setPolicy(bits, 120_000)).toBe(true);
      expect<u32>(policy).toBe(bits);
    }
    expect<bool>(setPolicy(4, 120_000)).toBe(false);
    expect<bool>(setPolicy(0x8000_0000, 120_000)).toBe(false);
    expect<u32>(policy).toBe(3);
  });

  it("takes an MSL from 1 ms to ten minutes, and changes nothing when it refuses", () => {
    expect<bool>(setPolicy(1, 0)).toBe(false);
    expect<bool>(setPolicy(1, 600_001)).toBe(false);
    expect<u32>(policy).toBe(0);
    expect<u32>(mslMs).toBe(120_000);
    expect<bool>(setPolicy(0, 1)).toBe(true);
    expect<bool>(setPolicy(0, 600_000)).toBe(true);
    expect<u32>(mslMs).toBe(600_000);
  });
});
