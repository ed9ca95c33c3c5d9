/** The memory does what docs/fault-model.md says, and all of it. */
import { describe, expect, it } from "vitest";
import { BadAccess, type Effect, type Flicker, type Kind, Memory, PowerCut } from "./memory.ts";

const SECTOR = 256;
const RECORD = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 | (i & 7));

function memory(kind: Kind, seed: number, flicker: Flicker = "none", granule = 8): Memory {
  const one = new Memory({ kind, sectorBytes: SECTOR, sectors: 2, granule }, seed);
  one.flicker = flicker;
  return one;
}

function read(one: Memory, at: number, bytes: number): string {
  const out = new Uint8Array(bytes);
  return one.read(at, out) === 0 ? Buffer.from(out).toString("hex") : "error";
}

function cut(one: Memory, effect: Effect, seed: number, action: () => void): void {
  one.cutPower(0, effect, seed);
  expect(action).toThrow(PowerCut);
  one.powerOn();
}

const BLANK = "ff".repeat(32);
const DONE = Buffer.from(RECORD).toString("hex");

describe("the memory of the fuzzer", () => {
  it("turns ones into zeros on NOR, and back only by an erase (FM-N1)", () => {
    const one = memory("nor", 1);
    expect(one.program(0, RECORD)).toBe(0);
    expect(read(one, 0, 32)).toBe(DONE);
    expect(() => one.program(0, RECORD)).toThrow(BadAccess);
    expect(one.erase(0)).toBe(0);
    expect(read(one, 0, 32)).toBe(BLANK);
  });

  it("refuses what no driver may be asked for", () => {
    expect(() => memory("nor", 1).program(4, RECORD)).toThrow(BadAccess);
    expect(() => memory("nor", 1).program(0, RECORD.subarray(0, 12))).toThrow(BadAccess);
    expect(() => memory("nor", 1).erase(2)).toThrow(BadAccess);
    expect(() => memory("eeprom", 1).erase(0)).toThrow(BadAccess);
    expect(() => memory("kv", 1).program(2, RECORD)).toThrow(BadAccess);
  });

  it.each(["nor", "eeprom"] as const)("cuts a program before, inside and behind it: %s", (kind) => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const one = memory(kind, seed);
      cut(one, "something", seed, () => one.program(0, RECORD));
      seen.add(read(one, 0, 32));
      expect(read(one, 32, 32)).toBe(BLANK);
    }
    expect(seen.size).toBeGreaterThan(100);
    const before = memory(kind, 1);
    cut(before, "nothing", 1, () => before.program(0, RECORD));
    expect(read(before, 0, 32)).toBe(BLANK);
    const behind = memory(kind, 1);
    cut(behind, "everything", 1, () => behind.program(0, RECORD));
    expect(read(behind, 0, 32)).toBe(DONE);
  });

  it("leaves a torn granule that reads as done or as not begun, as a whole (FM-F1, FM-F3)", () => {
    let both = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const one = memory("nor", seed, "together", 32);
      cut(one, "something", seed, () => one.program(0, RECORD));
      const seen = new Set<string>();
      for (let boot = 0; boot < 12; boot++) {
        one.powerOn();
        seen.add(read(one, 0, 32));
      }
      if (seen.has(BLANK) && seen.has(DONE) && seen.size === 2) both++;
    }
    expect(both).toBeGreaterThan(5);
  });

  it("settles bits by an erase (FM-F1)", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const one = memory("nor", seed, "any");
      cut(one, "something", seed, () => one.program(0, RECORD));
      expect(one.erase(0)).toBe(0);
      for (let boot = 0; boot < 5; boot++) {
        one.powerOn();
        expect(read(one, 0, 32)).toBe(BLANK);
      }
    }
  });

  it("cuts an erase so that a slot goes and its neighbour stays, and any other way (FM-N4)", () => {
    let first = 0;
    let second = 0;
    let zeros = 0;
    for (let seed = 1; seed <= 2000; seed++) {
      const one = memory("nor", seed);
      one.program(0, RECORD);
      one.program(64, RECORD);
      cut(one, "something", seed, () => one.erase(0));
      const [a, b] = [read(one, 0, 32), read(one, 64, 32)];
      if (a === BLANK && b === DONE) first++;
      if (a === DONE && b === BLANK) second++;
      if (/^(00)+$/.test(a)) zeros++;
    }
    expect(first).toBeGreaterThan(20);
    expect(second).toBeGreaterThan(20);
    expect(zeros).toBeGreaterThan(0);
  });

  it("reports errors with each effect (FM-E1)", () => {
    for (const [effect, left] of [
      ["nothing", BLANK],
      ["everything", DONE],
    ] as const) {
      const one = memory("nor", 3);
      one.fail("program", 1, effect, 9);
      expect(one.program(0, RECORD)).not.toBe(0);
      expect(read(one, 0, 32)).toBe(left);
    }
  });

  it("fails through an outage, and then works (FM-E3)", () => {
    const one = memory("nor", 3);
    one.setOutage("write");
    for (let i = 0; i < 1000; i++) expect(one.program(0, RECORD)).not.toBe(0);
    one.calm();
    expect(one.program(0, RECORD)).toBe(0);
  });

  it("has sectors that die, and may heal (FM-D1 … FM-D3)", () => {
    const one = memory("nor", 3);
    one.die(0, "write");
    expect(one.program(0, RECORD)).not.toBe(0);
    expect(one.erase(0)).not.toBe(0);
    expect(read(one, 0, 32)).toBe(BLANK);
    one.die(0, "all");
    expect(read(one, 0, 32)).toBe("error");
    one.calm();
    expect(read(one, 0, 32)).toBe("error");
    one.heal(0);
    expect(read(one, 0, 32)).toBe(BLANK);
  });

  it("puts a value whole or not at all, and lets a cut put read as either (FM-K1, FM-K2)", () => {
    let either = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const one = memory("kv", seed, "any");
      one.program(0, RECORD);
      const next = RECORD.map((byte) => byte ^ 1);
      cut(one, "something", seed, () => one.program(0, next));
      const seen = new Set<string>();
      for (let boot = 0; boot < 12; boot++) {
        one.powerOn();
        seen.add(read(one, 0, 32));
      }
      if (seen.size === 2) either++;
      for (const value of seen) expect([DONE, Buffer.from(next).toString("hex")]).toContain(value);
    }
    expect(either).toBeGreaterThan(40);
  });

  it("lies where it is told to (FM-X1)", () => {
    const one = memory("nor", 3);
    one.lie(1);
    expect(one.program(0, RECORD)).toBe(0);
    expect(read(one, 0, 32)).toBe(BLANK);
  });
});
