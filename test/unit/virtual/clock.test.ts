import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../host/core/random.ts";
import { SimulatedCounter } from "../../../host/virtual/counter.ts";
import { type ENTROPY_KINDS, entropySource } from "../../../host/virtual/entropy.ts";
import { SimulatedTime } from "../../../host/virtual/time.ts";

describe("the simulated counter", () => {
  it("follows simulated time at its rate, from its start", () => {
    const time = new SimulatedTime();
    const counter = new SimulatedCounter(time, 32_768, 100);
    time.advance(2_500_000);
    expect(counter.ticks()).toBe(100 + 81_920);
  });

  it("wraps at 2^32", () => {
    const time = new SimulatedTime();
    const counter = new SimulatedCounter(time, 1_000_000, 0xffff_fff0);
    time.advance(15);
    expect(counter.ticks()).toBe(0xffff_ffff);
    time.advance(1);
    expect(counter.ticks()).toBe(0);
  });

  it("is exact for any rate and age, as far as months", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400_000_000 }),
        fc.integer({ min: 0, max: 10 ** 13 }),
        (hz, us) => {
          const time = new SimulatedTime();
          const counter = new SimulatedCounter(time, hz);
          time.advance(us);
          expect(BigInt(counter.ticks())).toBe(
            ((BigInt(us) * BigInt(hz)) / 1_000_000n) % 2n ** 32n,
          );
        },
      ),
    );
  });

  it("jumps forward and backward, over the wrap as well", () => {
    const counter = new SimulatedCounter(new SimulatedTime(), 1, 5);
    counter.stop();
    counter.jump(-10);
    expect(counter.ticks()).toBe(0xffff_fffb);
    counter.resume();
    counter.jump(2 ** 31);
    expect(counter.ticks()).toBe(0x7fff_fffb);
  });

  it("stands still while it is stopped, and starts anew at power-on", () => {
    const time = new SimulatedTime();
    const counter = new SimulatedCounter(time, 1_000_000);
    time.advance(7);
    counter.stop();
    time.advance(1000);
    expect(counter.ticks()).toBe(7);
    counter.resume();
    time.advance(3);
    expect(counter.ticks()).toBe(10);
    counter.restart(0x1234);
    expect(counter.ticks()).toBe(0x1234);
  });

  it("is driven by time that never goes back", () => {
    expect(() => new SimulatedTime().advance(-1)).toThrow(RangeError);
  });
});

describe("entropy sources", () => {
  function draw(kind: (typeof ENTROPY_KINDS)[number], boots: number): Uint8Array[] {
    const source = entropySource(kind, new Random(9));
    return Array.from({ length: boots }, () => {
      source.powerOn();
      const bytes = new Uint8Array(64);
      expect(source.fill(bytes)).toBe(kind === "absent" ? 0 : 64);
      return bytes;
    });
  }

  it("give fresh bytes at each boot when they are good, the same ones when they repeat", () => {
    const [good1, good2] = draw("good", 2);
    const [again1, again2] = draw("repeated", 2);
    expect(good1).not.toEqual(good2);
    expect(again1).toEqual(again2);
    expect(new Set(again1).size).toBeGreaterThan(32);
  });

  it("are one byte when stuck, and mostly ones when biased", () => {
    expect(new Set(draw("stuck", 1)[0]).size).toBe(1);
    const full = draw("biased", 1)[0]?.filter((byte) => byte === 0xff).length ?? 0;
    expect(full).toBeGreaterThan(48);
    expect(full).toBeLessThan(64);
  });
});

describe("seeded randomness", () => {
  it("gives the same numbers for the same seed on any machine", () => {
    const random = new Random(1);
    expect([random.u32(), random.u32(), random.u32()]).toMatchInlineSnapshot(`
      [
        1339217178,
        3692833209,
        3386335944,
      ]
    `);
  });

  it("splits off streams that do not depend on what was drawn before", () => {
    const fresh = new Random(7);
    const used = new Random(7);
    for (let i = 0; i < 10; i++) used.u32();
    expect(used.split("boot", 3).u32()).toBe(fresh.split("boot", 3).u32());
    const streams = [
      fresh.split("boot", 3),
      fresh.split("boot", 4),
      fresh.split("loss", 3),
      new Random(8).split("boot", 3),
    ];
    expect(new Set(streams.map((stream) => stream.u32())).size).toBe(4);
  });

  it("draws whole numbers evenly from a range, its ends included", () => {
    const random = new Random(3);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const value = random.int(-1, 2) + 1;
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(counts).toHaveLength(4);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
