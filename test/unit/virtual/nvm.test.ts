import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../host/core/random.ts";
import {
  createNvm,
  NVM_CODE,
  type NvmGeometry,
  type NvmOptions,
  type NvmPart,
  PowerCut,
  type PowerCutPlan,
} from "../../../host/virtual/nvm.ts";

const NOR: NvmGeometry = {
  kind: "nor",
  sectorBytes: 64,
  sectors: 2,
  granule: 8,
  enduranceCycles: 3,
};
const EEPROM: NvmGeometry = { ...NOR, kind: "eeprom", granule: 4 };
const STORE: NvmGeometry = { ...NOR, kind: "keyValue", sectorBytes: 0 };

function part(geometry: NvmGeometry, options?: NvmOptions, seed = 1): NvmPart {
  return createNvm(geometry, new Random(seed), options);
}

function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function read(nvm: NvmPart, offset: number, length: number): Uint8Array {
  const to = new Uint8Array(length);
  expect(nvm.read(offset, to)).toBe(NVM_CODE.ok);
  return to;
}

function cut(nvm: NvmPart, plan: PowerCutPlan, operation: () => number): PowerCut {
  nvm.armCut(plan);
  try {
    operation();
  } catch (error) {
    if (error instanceof PowerCut) return error;
    throw error;
  }
  throw new Error("the operation was not cut");
}

function setBits(data: Uint8Array): number {
  let count = 0;
  for (const byte of data) for (let bit = 0; bit < 8; bit++) count += (byte >> bit) & 1;
  return count;
}

describe("NOR flash", () => {
  it("is blank at first, keeps what is programmed, and is blank again after an erase", () => {
    const nvm = part(NOR);
    expect(read(nvm, 0, 128)).toEqual(bytes(128, 0xff));
    expect(nvm.program(8, bytes(16, 0x5a))).toBe(NVM_CODE.ok);
    expect(read(nvm, 8, 16)).toEqual(bytes(16, 0x5a));
    expect(nvm.erase(0)).toBe(NVM_CODE.ok);
    expect(read(nvm, 0, 64)).toEqual(bytes(64, 0xff));
    expect(nvm.violations).toEqual([]);
  });

  it("puts each byte of a longer program in its place", () => {
    const nvm = part(NOR);
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    nvm.program(8, data);
    expect(read(nvm, 8, 24)).toEqual(data);
    expect(read(nvm, 13, 3)).toEqual(Uint8Array.of(5, 6, 7));
  });

  it("erases one sector and leaves the others alone", () => {
    const nvm = part(NOR);
    nvm.program(0, bytes(8, 1));
    nvm.program(64, bytes(8, 2));
    nvm.erase(0);
    expect(read(nvm, 64, 8)).toEqual(bytes(8, 2));
  });

  it("records a second program of a granule, and can no longer read it until an erase", () => {
    const nvm = part(NOR);
    nvm.program(0, bytes(8, 0xf0));
    expect(nvm.program(0, bytes(8, 0x0f))).toBe(NVM_CODE.contract);
    expect(nvm.violations).toEqual([{ kind: "program-not-erased", operation: 2, at: 0 }]);
    expect(nvm.read(0, bytes(8, 0))).toBe(NVM_CODE.ecc);
    expect(nvm.read(8, bytes(8, 0))).toBe(NVM_CODE.ok);
    nvm.erase(0);
    expect(nvm.read(0, bytes(8, 0))).toBe(NVM_CODE.ok);
  });

  it.each([
    [4, 8],
    [0, 12],
  ])("refuses a program at %i of %i bytes, which is not whole granules", (offset, length) => {
    const nvm = part(NOR);
    expect(nvm.program(offset, bytes(length, 0))).toBe(NVM_CODE.contract);
    expect(nvm.violations.map((one) => one.kind)).toEqual(["unaligned-program"]);
    expect(read(nvm, 0, 64)).toEqual(bytes(64, 0xff));
  });

  it("records reads, programs and erases outside the part", () => {
    const nvm = part(NOR);
    expect(nvm.read(120, bytes(16, 0))).toBe(NVM_CODE.range);
    expect(nvm.program(128, bytes(8, 0))).toBe(NVM_CODE.range);
    expect(nvm.erase(2)).toBe(NVM_CODE.range);
    expect(nvm.violations.map((one) => one.kind)).toEqual(Array(3).fill("out-of-range"));
  });

  it("fails erases and programs of a sector past its rated cycles, and of that one only", () => {
    const nvm = part(NOR);
    for (let i = 0; i < 3; i++) expect(nvm.erase(0)).toBe(NVM_CODE.ok);
    expect(nvm.erase(0)).toBe(NVM_CODE.wornOut);
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.wornOut);
    expect(nvm.program(64, bytes(8, 0))).toBe(NVM_CODE.ok);
    expect(nvm.wearMax).toBe(4);
  });

  it("can wear out into bits that stay at 0 instead", () => {
    const nvm = part(NOR, { wearOut: "stuck-bits" });
    for (let i = 0; i < 5; i++) expect(nvm.erase(0)).toBe(NVM_CODE.ok);
    const stuck = 512 - setBits(read(nvm, 0, 64));
    expect(stuck).toBeGreaterThanOrEqual(1);
    expect(stuck).toBeLessThanOrEqual(2);
    expect(setBits(read(nvm, 64, 64))).toBe(512);
  });
});

describe("a power cut", () => {
  it("before a program leaves everything as it was", () => {
    const nvm = part(NOR);
    const error = cut(nvm, { after: 0, phase: "before" }, () => nvm.program(0, bytes(8, 0)));
    expect([error.operation, error.phase]).toEqual([1, "before"]);
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 0xff));
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.ok);
    expect(nvm.violations).toEqual([]);
  });

  it("after a program leaves it whole, without an acknowledgement", () => {
    const nvm = part(NOR);
    cut(nvm, { after: 0, phase: "after" }, () => nvm.program(0, bytes(8, 0)));
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 0));
  });

  it("hits the operation that was asked for, counting programs and erases", () => {
    const nvm = part(NOR);
    nvm.armCut({ after: 2, phase: "after" });
    nvm.program(0, bytes(8, 0));
    nvm.erase(1);
    expect(() => nvm.program(8, bytes(8, 0))).toThrow(PowerCut);
    expect(nvm.program(16, bytes(8, 0))).toBe(NVM_CODE.ok);
    expect(nvm.operations).toBe(4);
  });

  it("inside a program leaves whole granules before, part of the bits of one, none after", () => {
    const nvm = part(NOR, { unstableReads: false });
    const plan = { after: 0, phase: "torn", wholeGranules: 1, mask: 0x0f } as const;
    cut(nvm, plan, () => nvm.program(0, bytes(24, 0x00)));
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 0x00));
    expect(read(nvm, 8, 8)).toEqual(bytes(8, 0xf0));
    expect(read(nvm, 16, 8)).toEqual(bytes(8, 0xff));
  });

  it("inside a program always changes at least one bit for good", () => {
    fc.assert(
      fc.property(fc.integer(), fc.option(fc.integer({ min: 0, max: 255 })), (seed, mask) => {
        const nvm = part(NOR, {}, seed);
        const tear = mask === null ? {} : { mask };
        const plan = { after: 0, phase: "torn", wholeGranules: 0, ...tear } as const;
        cut(nvm, plan, () => nvm.program(0, bytes(8, 0x7f)));
        // Bits that read as 1 now and then, and bits that read as 0 now and then.
        const ever1 = bytes(8, 0);
        const ever0 = bytes(8, 0);
        for (let i = 0; i < 64; i++) {
          for (const [at, byte] of read(nvm, 0, 8).entries()) {
            ever1[at] = (ever1[at] ?? 0) | byte;
            ever0[at] = (ever0[at] ?? 0) | (byte ^ 0xff);
          }
        }
        expect(setBits(ever1)).toBeLessThan(64);
        expect(ever0.every((byte) => (byte & 0x7f) === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("leaves granules that read differently, until an erase settles them", () => {
    const nvm = part(NOR);
    const plan = { after: 0, phase: "torn", wholeGranules: 0, mask: 0x01 } as const;
    cut(nvm, plan, () => nvm.program(0, bytes(8, 0)));
    const reads = new Set(Array.from({ length: 20 }, () => read(nvm, 0, 8).join()));
    expect(reads.size).toBeGreaterThan(1);
    nvm.erase(0);
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 0xff));
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.ok);
  });

  it("leaves the same unstable granules when a snapshot of them is restored", () => {
    const nvm = part(NOR);
    const plan = { after: 0, phase: "torn", wholeGranules: 0, mask: 0x01 } as const;
    cut(nvm, plan, () => nvm.program(0, bytes(8, 0)));
    const torn = nvm.snapshot();
    nvm.erase(0);
    nvm.restore(torn);
    const reads = new Set(Array.from({ length: 20 }, () => read(nvm, 0, 8).join()));
    expect(reads.size).toBeGreaterThan(1);
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.contract);
  });

  it("makes it a breach of contract to program the torn granule before an erase", () => {
    const nvm = part(NOR);
    cut(nvm, { after: 0, phase: "torn" }, () => nvm.program(0, bytes(8, 0)));
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.contract);
    expect(nvm.violations.map((one) => one.kind)).toEqual(["program-unstable"]);
  });

  it("inside an erase turns some bits to 1 and none to 0, and leaves the sector unfit", () => {
    const nvm = part(NOR, { unstableReads: false });
    nvm.program(0, bytes(64, 0x0f));
    const plan = { after: 0, phase: "torn", wholeGranules: 2 } as const;
    cut(nvm, plan, () => nvm.erase(0));
    const after = read(nvm, 0, 64);
    expect(after.subarray(0, 16)).toEqual(bytes(16, 0xff));
    expect(after.every((byte) => (byte & 0x0f) === 0x0f)).toBe(true);
    expect(setBits(after)).toBeGreaterThan(4 * 64);
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.contract);
    nvm.erase(0);
    expect(nvm.program(0, bytes(8, 0))).toBe(NVM_CODE.ok);
  });
});

describe("EEPROM", () => {
  it("is overwritten in place, and an erase is a breach of contract", () => {
    const nvm = part(EEPROM);
    nvm.program(4, bytes(4, 0x0f));
    expect(nvm.program(4, bytes(4, 0xf0))).toBe(NVM_CODE.ok);
    expect(read(nvm, 4, 4)).toEqual(bytes(4, 0xf0));
    expect(nvm.violations).toEqual([]);
    expect(nvm.erase(0)).toBe(NVM_CODE.contract);
    expect(nvm.violations.map((one) => one.kind)).toEqual(["erase-unsupported"]);
  });

  it("is settled by writing a torn granule again", () => {
    const nvm = part(EEPROM);
    nvm.program(0, bytes(4, 0x55));
    cut(nvm, { after: 0, phase: "torn" }, () => nvm.program(0, bytes(4, 0xaa)));
    expect(nvm.program(0, bytes(4, 0x33))).toBe(NVM_CODE.ok);
    for (let i = 0; i < 20; i++) expect(read(nvm, 0, 4)).toEqual(bytes(4, 0x33));
    expect(nvm.violations).toEqual([]);
  });

  it("wears by granule", () => {
    const nvm = part(EEPROM);
    for (let i = 0; i < 3; i++) expect(nvm.program(0, bytes(4, i))).toBe(NVM_CODE.ok);
    expect(nvm.program(0, bytes(4, 9))).toBe(NVM_CODE.wornOut);
    expect(read(nvm, 0, 4)).toEqual(bytes(4, 2));
    expect(nvm.program(4, bytes(4, 9))).toBe(NVM_CODE.ok);
    expect(nvm.wearMax).toBe(4);
  });
});

describe("a key-value store", () => {
  it("puts and gets whole values, and tells a missing key and a wrong length apart", () => {
    const nvm = part(STORE);
    expect(nvm.read(7, bytes(4, 0))).toBe(NVM_CODE.missing);
    nvm.program(7, bytes(4, 9));
    expect(read(nvm, 7, 4)).toEqual(bytes(4, 9));
    expect(nvm.read(7, bytes(5, 0))).toBe(NVM_CODE.range);
    expect(nvm.erase(7)).toBe(NVM_CODE.contract);
  });

  it.each([
    ["old", NVM_CODE.ok, 1],
    ["new", NVM_CODE.ok, 2],
    ["lost", NVM_CODE.missing, 0],
  ] as const)("can leave the %s value after a torn put", (outcome, code, value) => {
    const nvm = part(STORE, { tornPut: [outcome] });
    nvm.program(0, bytes(4, 1));
    cut(nvm, { after: 0, phase: "torn" }, () => nvm.program(0, bytes(4, 2)));
    const to = bytes(4, 0);
    expect(nvm.read(0, to)).toBe(code);
    expect(to).toEqual(bytes(4, value));
  });

  it("can leave garbage after a torn put", () => {
    const nvm = part(STORE, { tornPut: ["garbage"] });
    nvm.program(0, bytes(16, 1));
    cut(nvm, { after: 0, phase: "torn" }, () => nvm.program(0, bytes(16, 2)));
    const to = read(nvm, 0, 16);
    expect(to).not.toEqual(bytes(16, 1));
    expect(to).not.toEqual(bytes(16, 2));
  });
});

describe.each([NOR, EEPROM, STORE])("faults of $kind", (geometry) => {
  it("fails the writes and reads that it was told to, and no more", () => {
    const nvm = part(geometry);
    nvm.failWrites(1);
    expect(nvm.program(0, bytes(8, 1))).toBe(NVM_CODE.failed);
    expect(nvm.program(0, bytes(8, 1))).toBe(NVM_CODE.ok);
    nvm.failReads(1);
    expect(nvm.read(0, bytes(8, 0))).toBe(NVM_CODE.failed);
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 1));
  });

  it("refuses writes while it is write-protected", () => {
    const nvm = part(geometry);
    nvm.program(0, bytes(8, 1));
    nvm.writeProtected = true;
    expect(nvm.program(8, bytes(8, 2))).toBe(NVM_CODE.writeProtected);
    expect(nvm.erase(0)).toBe(NVM_CODE.writeProtected);
    expect(read(nvm, 0, 8)).toEqual(bytes(8, 1));
  });

  it("rots by the number of bits that it was told", () => {
    const nvm = part(geometry);
    nvm.program(0, bytes(8, 0));
    if (geometry.kind !== "keyValue") nvm.program(8, bytes(120, 0));
    nvm.rot(1, new Random(5));
    const length = geometry.kind === "keyValue" ? 8 : 128;
    expect(setBits(read(nvm, 0, length))).toBe(1);
  });

  it("rots in one granule only", () => {
    for (let seed = 0; seed < 20; seed++) {
      const nvm = part(geometry);
      nvm.program(0, bytes(8, 0));
      if (geometry.kind !== "keyValue") nvm.program(8, bytes(120, 0));
      nvm.rot(16, new Random(seed));
      if (geometry.kind === "keyValue") continue;
      const cells = read(nvm, 0, 128);
      const changed = [...cells.keys()].filter((at) => cells[at] !== 0);
      expect(new Set(changed.map((at) => Math.floor(at / geometry.granule))).size).toBeLessThan(2);
    }
  });

  it("goes back to a snapshot, as often as one likes", () => {
    const nvm = part(geometry);
    nvm.program(0, bytes(8, 1));
    const snapshot = nvm.snapshot();
    for (let i = 0; i < 2; i++) {
      nvm.restore(snapshot);
      cut(nvm, { after: 0, phase: "torn" }, () => nvm.program(8, bytes(8, 0)));
      nvm.fillNoise(new Random(i));
      nvm.restore(snapshot);
      expect(read(nvm, 0, 8)).toEqual(bytes(8, 1));
      expect(nvm.program(8, bytes(8, 3))).toBe(NVM_CODE.ok);
      expect(read(nvm, 8, 8)).toEqual(bytes(8, 3));
    }
    expect(nvm.violations).toEqual([]);
  });

  it("loses everything in a wipe", () => {
    const nvm = part(geometry);
    nvm.program(0, bytes(8, 1));
    nvm.wipe(0xff);
    const to = bytes(8, 0);
    const code = nvm.read(0, to);
    if (geometry.kind === "keyValue") expect(code).toBe(NVM_CODE.missing);
    else expect(to).toEqual(bytes(8, 0xff));
  });
});

it("a geometry that makes no memory is refused", () => {
  expect(() => part({ ...NOR, sectorBytes: 60 })).toThrow(/make no memory/);
});
