/** isn-reuse, isn-backward, isn-window, tsval-backward, port-reuse: one tuple, two connections. */
import { describe, expect, it } from "vitest";
import { Check, type CheckResult } from "../../../host/check/engine.ts";
import { INCARNATIONS_PER_TUPLE_MAX } from "../../../host/check/incarnations.ts";
import type { RuleId } from "../../../host/check/rule.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import type { Sample } from "../../../host/core/sample.ts";
import {
  bootAt,
  CONTEXT,
  openAt,
  SECOND_US,
  tupleTo,
  usedAt,
} from "../../support/sample-streams.ts";

function run(samples: readonly Sample[], source: "board" | "capture" = "board"): CheckResult {
  const check = new Check({ rules: RULES, context: { ...CONTEXT, source } });
  for (const sample of samples) check.observe(sample);
  return check.finish();
}

function status(result: CheckResult, id: RuleId) {
  return result.rules.find((rule) => rule.id === id)?.status;
}

const tuple = tupleTo(31001);
const bound = { portChoice: "bound" } as const;

/** One connection from `isn` up to `next`, then `newIsn` on the same tuple, `laterUs` later. */
function pair(isn: number, next: number, newIsn: number, laterUs = 2 * SECOND_US): Sample[] {
  return [
    bootAt(0, 0),
    openAt(0, 10, tuple, isn, bound),
    usedAt(0, 1000, tuple, next),
    bootAt(1, laterUs),
    openAt(1, 1000 + laterUs, tuple, newIsn, bound),
  ];
}

function broken(result: CheckResult): RuleId[] {
  return result.findings.map((finding) => finding.rule);
}

describe("the new ISN of a tuple", () => {
  it.each([
    ["the old ISN itself", 6574, 6595, 6574, "isn-reuse"],
    ["the last number used", 6574, 6595, 6594, "isn-reuse"],
    ["a number used, over the wrap", 0xffff_fff0, 16, 3, "isn-reuse"],
    ["the number expected next", 6574, 6595, 6595, "isn-backward"],
    ["just before the old ISN", 6574, 6595, 6573, "isn-backward"],
    ["2^30 behind", 2 ** 31, 2 ** 31 + 9, 2 ** 30 + 9, "isn-backward"],
    ["one more than 2^30 behind", 2 ** 31, 2 ** 31 + 9, 2 ** 30 + 8, "isn-window"],
    ["2^31 ahead", 100, 200, 200 + 2 ** 31, "isn-window"],
    // Field case 1's second trace, and capture b1.
    ["2233732218 ahead", 1841260600, 1841260670, 4074992888, "isn-window"],
    ["R + 2^31 + 0x12345", 270544960, 270544981, 2418103194, "isn-window"],
  ] as const)("is refused as %s", (_name, isn, next, newIsn, rule) => {
    const result = run(pair(isn, next, newIsn));
    expect(broken(result)).toEqual([rule]);
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]).toMatchObject({ before: next, after: newIsn, boot: 1, tuple });
  });

  it.each([
    ["one after the number expected next", 6574, 6595, 6596],
    ["2^31 − 1 ahead", 100, 200, 199 + 2 ** 31],
    ["500000 ahead (capture c1)", 270544960, 270544981, 271044981],
    ["ahead over the wrap", 0xffff_ff00, 0xffff_fff0, 5],
  ] as const)("is good as %s", (_name, isn, next, newIsn) => {
    const result = run(pair(isn, next, newIsn));
    expect(broken(result)).toEqual([]);
    expect(status(result, "isn-reuse")).toBe("pass");
    expect(status(result, "isn-backward")).toBe("pass");
    expect(status(result, "isn-window")).toBe("pass");
  });

  it("is free once the old connection was not heard of for 2 × MSL, and that is open, not a pass", () => {
    const justBefore = run(pair(6574, 6595, 6574, CONTEXT.twoMslUs - 1));
    expect(broken(justBefore)).toEqual(["isn-reuse"]);
    const after = run(pair(6574, 6595, 6574, CONTEXT.twoMslUs));
    expect(broken(after)).toEqual([]);
    expect(status(after, "isn-reuse")).toBe("open");
  });

  it("is judged against every live connection of the tuple, not the last attempt alone", () => {
    const samples = [
      ...pair(1_000_000, 1_000_100, 5000),
      openAt(1, 3 * SECOND_US, tuple, 6000, bound),
      openAt(1, 4 * SECOND_US, tuple, 2_000_000, bound),
    ];
    const result = run(samples);
    expect(broken(result)).toEqual(["isn-backward", "isn-backward"]);
    expect(result.findings[1]).toMatchObject({ before: 1_000_100, after: 6000 });
  });

  it("is called reused when it is a number of an older live connection, though behind a newer one", () => {
    const result = run([
      ...pair(1000, 2000, 5_000_000),
      openAt(1, 3 * SECOND_US, tuple, 1500, bound),
    ]);
    expect(broken(result)).toEqual(["isn-reuse"]);
    expect(result.findings[0]).toMatchObject({ before: 2000, after: 1500 });
  });

  it("stays in the window of the oldest live connection, however small the steps are", () => {
    const samples: Sample[] = [bootAt(0, 0)];
    const step = 2 ** 31 / 100;
    for (let i = 0; i <= 100; i++) {
      const isn = (Math.floor(i * step + 2) + (i === 100 ? 1 : 0)) >>> 0;
      samples.push(openAt(0, 10 + i * SECOND_US, tuple, isn, bound));
    }
    const result = run(samples);
    expect(broken(result)).toEqual(["isn-window"]);
    expect(result.findings[0]?.timeUs).toBe(10 + 100 * SECOND_US);
  });

  it("is open when no tuple came back", () => {
    const result = run([bootAt(0, 0), openAt(0, 10, tuple, 1)]);
    for (const id of ["isn-reuse", "isn-backward", "isn-window"] as const) {
      expect(status(result, id)).toBe("open");
    }
    expect(result.verdict).toBe("inconclusive");
  });

  it("counts from how far a connection got that was silent for longer than 2 × MSL", () => {
    const late = 3 * CONTEXT.twoMslUs;
    const result = run([
      bootAt(0, 0),
      openAt(0, 10, tuple, 1000, bound),
      usedAt(0, late, tuple, 5000),
      openAt(0, late + SECOND_US, tuple, 4999, bound),
    ]);
    expect(broken(result)).toEqual(["isn-reuse"]);
  });
});

describe("memory", () => {
  it("holds no tuple longer than 2 × MSL and no more than its share of incarnations", () => {
    const check = new Check({ rules: RULES, context: CONTEXT });
    let most = 0;
    for (let i = 0; i < 60_000; i++) {
      const timeUs = i * 100_000;
      check.observe(openAt(i >> 3, timeUs, tupleTo(1024 + (i % 60_000)), i * 1000));
      check.observe(openAt(i >> 3, timeUs + 1, tupleTo(9, "10.9.9.9"), i * 1000, bound));
      if (i % 1000 === 0) most = Math.max(most, check.retained.incarnations);
    }
    expect(most).toBeGreaterThan(2000);
    expect(most).toBeLessThanOrEqual(2400 + 2400 / 32 + INCARNATIONS_PER_TUPLE_MAX);
    check.observe(bootAt(9999, 60_000 * 100_000 + CONTEXT.twoMslUs));
    expect(check.retained).toEqual({ tuples: 0, incarnations: 0 });
  });
});

describe("tsval-backward", () => {
  const stamped = (first: number, second: number): Sample[] => [
    openAt(0, 10, tuple, 100, { ...bound, tsval: first - 5 }),
    usedAt(0, 1000, tuple, 200, { tsval: first }),
    openAt(1, SECOND_US, tuple, 1_000_000, { ...bound, tsval: second }),
  ];

  it("names a timestamp that restarted low (capture a3)", () => {
    const result = run(stamped(4_000_000, 1500));
    expect(broken(result)).toEqual(["tsval-backward"]);
    expect(result.findings[0]).toMatchObject({ distance: 1500 - 4_000_000 });
    expect(result.findings[0]?.elapsedUs).toBe(SECOND_US - 1000);
    expect(result.findings[0]?.detail).toContain("TSval is 3998500 behind");
    expect(result.findings[0]).not.toHaveProperty("frame");
  });

  it("holds a timestamp against the highest of the tuple's connections, and names the frame", () => {
    const result = run([
      openAt(0, 10, tuple, 100, { ...bound, tsval: 900 }),
      openAt(0, 20, tuple, 1000, { ...bound, tsval: 905 }),
      openAt(0, 30, tuple, 2000, bound),
      openAt(0, 40, tuple, 3000, { ...bound, tsval: 904, frame: 7 }),
    ]);
    expect(broken(result)).toEqual(["tsval-backward"]);
    expect(result.findings[0]).toMatchObject({ before: 905, after: 904, frame: 7 });
    expect(result.rules.find(({ id }) => id === "tsval-backward")?.judged).toBe(2);
  });

  it("accepts an equal one, a higher one and one after the wrap", () => {
    for (const [first, second] of [
      [4000, 4000],
      [4000, 4001],
      [0xffff_fff0, 3],
    ] as const) {
      const result = run(stamped(first, second));
      expect(status(result, "tsval-backward")).toBe("pass");
    }
  });

  it("sees a timestamp go back within a connection", () => {
    const result = run([
      openAt(0, 10, tuple, 100, { ...bound, tsval: 500 }),
      usedAt(0, 1000, tuple, 200, { tsval: 499 }),
    ]);
    expect(broken(result)).toEqual(["tsval-backward"]);
  });

  it("is open without timestamps", () => {
    expect(status(run(pair(1, 2, 3)), "tsval-backward")).toBe("open");
  });
});

describe("port-reuse", () => {
  const twice = (portChoice: "allocated" | "bound" | "unknown", laterUs = SECOND_US): Sample[] => [
    openAt(0, 0, tupleTo(1024), 100, { portChoice }),
    openAt(1, laterUs, tupleTo(1024), 100_000, { portChoice }),
  ];

  it("names an allocated port that comes back within 2 × MSL, across a reboot", () => {
    const result = run(twice("allocated"));
    expect(broken(result)).toEqual(["port-reuse"]);
    expect(result.findings[0]?.detail).toContain("1 reboot later");
  });

  it("counts the reboots between, and openings only", () => {
    const again = (boots: readonly [number, number]) => {
      const [first, second] = boots;
      return run([
        openAt(first, 0, tupleTo(1024), 100),
        usedAt(first, 10, tupleTo(1024), 200),
        openAt(second, SECOND_US, tupleTo(1024), 100_000),
      ]);
    };
    expect(again([3, 5]).findings[0]?.detail).toContain("2 reboots later");
    expect(again([3, 4]).findings[0]?.detail).toContain("1 reboot later");
    expect(again([3, 3]).findings[0]?.detail).not.toContain("reboot");
    expect(again([3, 3]).findings[0]).toMatchObject({
      ...{ before: 100, after: 100_000, distance: 99_900, elapsedUs: SECOND_US - 10 },
    });
    expect(again([3, 3]).rules.find(({ id }) => id === "port-reuse")?.judged).toBe(2);
  });

  it("accepts an allocated port after 2 × MSL", () => {
    expect(status(run(twice("allocated", CONTEXT.twoMslUs)), "port-reuse")).toBe("pass");
  });

  it("never blames a port that the application bound", () => {
    expect(status(run(twice("bound")), "port-reuse")).toBe("open");
  });

  it("takes a destination's only port in a capture for bound, until there is a second one", () => {
    expect(status(run(twice("unknown"), "capture"), "port-reuse")).toBe("open");
    const pool: Sample[] = [1025, 1026, 1025].map((port, i) =>
      openAt(0, i * SECOND_US, tupleTo(port), 5000 * i, { portChoice: "unknown" }),
    );
    expect(broken(run(pool, "capture"))).toEqual(["port-reuse"]);
  });
});
