/** Cases in which ten million simulated reboots broke a rule once, made small: they stay mended. */
import { describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { deviceOf, drawCase } from "../../../host/simulate/campaign.ts";
import { keepOnly, parseCaseName } from "../../../host/simulate/case-text.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { campaign } from "../../support/simulation.ts";

const FOUND: readonly { readonly rule: string; readonly cases: readonly string[] }[] = [
  {
    // A connection began ahead of the clock, where the one before it ended, and outran the ceiling.
    rule: "isn-reuse",
    cases: ["1:14144:56c0.1,57c0", "1:20793:71c0.1,72c0", "1:31796:84c0.1,85c0"],
  },
  {
    // The network of the model held a segment for longer than MSL.
    rule: "stale-byte",
    cases: ["1:17703:4,5f0,6c1,81f0,82c0"],
  },
  {
    // Storage was lost, entropy gave the old key again, and quiet time was kept.
    rule: "port-repeats-after-boot",
    cases: ["1:40597:0,1,2c1.2,3c0.1,11f0,12,13c2,14c1.2"],
  },
  {
    // Servers of the model began among numbers of their own, having gone faster than their clock.
    rule: "stale-byte",
    cases: ["1:85908:79c0,80c0,81c0,82c0,83c0", "1:88399:17c0,18c0"],
  },
];

function lived(text: string) {
  const { seed, index, kept } = parseCaseName(text, "test");
  const of = campaign({ seed });
  const samples: Sample[] = [];
  const whole = drawCase(of, index);
  const script = kept === undefined ? whole : keepOnly(whole, kept);
  const { result } = judgeLife(script, deviceOf(of), { watch: (sample) => samples.push(sample) });
  return { result, samples };
}

describe.each(FOUND)("what once broke $rule", ({ rule, cases }) => {
  it.each(cases)("does so no more: %s", (text) => {
    const { result, samples } = lived(text);
    expect(result.findings).toEqual([]);
    expect(samples.filter(({ kind }) => kind === "open").length).toBeGreaterThan(1);
    expect(result.rules.find(({ id }) => id === rule)).toBeDefined();
  });
});

describe("the network of a simulation", () => {
  it("holds a segment back for a later connection, but never for longer than MSL", () => {
    const ages: number[] = [];
    for (const index of [17_703, 0, 1, 2, 3, 4, 5, 6]) {
      for (const sample of lived(`1:${index}`).samples) {
        if (sample.kind === "stale") ages.push(sample.ageUs);
      }
    }
    expect(ages.length).toBeGreaterThan(40);
    expect(Math.max(...ages)).toBeLessThanOrEqual(120_000_000);
    // Some take most of the time that they have.
    expect(Math.max(...ages)).toBeGreaterThan(60_000_000);
  });
});
