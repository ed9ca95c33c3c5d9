/** Good devices raise no alarm, whatever their seed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Check, checkSamples } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import {
  bootAt,
  CONTEXT,
  type HonestOptions,
  honestSamples,
  openAt,
  randomFrom,
  tupleTo,
} from "../../support/sample-streams.ts";

function judge(options: HonestOptions) {
  const check = new Check({ rules: RULES, context: CONTEXT });
  for (const sample of honestSamples(options)) check.observe(sample);
  return check.finish();
}

describe("an honest device", () => {
  it("passes every rule, each with evidence", async () => {
    const samples = honestSamples({ seed: 7, boots: 120, storageLostAt: 10 });
    const result = await checkSamples(samples, { rules: RULES, context: CONTEXT });
    expect(result.findings).toEqual([]);
    expect(result.verdict).toBe("pass");
    for (const rule of result.rules) expect(rule, rule.id).toMatchObject({ status: "pass" });
    for (const rule of result.rules) expect(rule.judged, rule.id).toBeGreaterThan(0);
    expect(result.counts.boots).toBe(120);
  });

  it("breaks no rule for any seed and length", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 60 }), (seed, boots) => {
        const storageLostAt = seed % 70;
        expect(judge({ seed, boots, storageLostAt }).findings).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("breaks no rule with one connection a boot, nor with a small pool of 1024 ports", () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(judge({ seed, boots: 200, connections: 1 }).findings).toEqual([]);
      expect(judge({ seed, boots: 100, poolSize: 1024 }).findings).toEqual([]);
    }
  });

  it("is not taken for predictable when ISNs and ports are plain random numbers", () => {
    const statistical = RULES.filter((rule) => /predictable|repeats/.test(rule.id));
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomFrom(seed * 7919);
      const check = new Check({ rules: statistical, context: CONTEXT });
      for (let boot = 0; boot < 400; boot++) {
        const timeUs = boot * 5_000_000;
        check.observe(bootAt(boot, timeUs));
        for (let i = 0; i < 4; i++) {
          const tuple = tupleTo(1024 + (random() % 4000), `10.0.0.${random() % 5}`);
          check.observe(openAt(boot, timeUs + 1000 * i, tuple, random()));
        }
      }
      const result = check.finish();
      expect(result.findings).toEqual([]);
      expect(result.verdict).toBe("pass");
    }
  });
});
