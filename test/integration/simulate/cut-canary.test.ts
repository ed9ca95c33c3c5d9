import { describe, expect, it } from "vitest";
import { UsageError } from "../../../host/core/errors.ts";
import { canariesOf, runCanary } from "../../../host/simulate/canary.ts";
import { cutCanaries } from "../../../host/simulate/exhaustive/cut-canary.ts";
import { mergeShards } from "../../../host/simulate/merge.ts";
import { campaign, lasting, run } from "../../support/simulation.ts";

/** The first cases only: here it is about the canaries. */
const FEW = { cases: 4 } as const;

describe("the canaries of exhaustive mode", () => {
  it.each([1, 2] as const)("are caught by the cuts of depth %i, whatever the seed", (depth) => {
    for (const seed of depth === 1 ? [1, 5, 0xffff_ffff] : [3]) {
      const of = campaign({ depth, seed, settings: { canaries: cutCanaries(depth) } });
      const results = canariesOf(of).map((name) => runCanary(of, name));
      expect(results.filter(({ caught }) => !caught)).toEqual([]);
      expect(results).toHaveLength(cutCanaries(depth).length);
    }
  });

  it.each(["counter-in-place", "quiet-in-ram", "self-healing-key"])(
    "need a cut: %s passes each workload as it is",
    (canary) => {
      const of = campaign({ depth: 1, settings: { canaries: [canary] } });
      // The first case of a geometry is a workload without a cut.
      expect(runCanary(of, canary).cases).toBeGreaterThan(1);
    },
  );

  it("make a run inconclusive when one is harmless", async () => {
    // Good after any single cut: at depth 1 nothing can catch it.
    const settings = { canaries: ["counter-in-place", "repaired-in-place"] };
    const { verdict, because, canaries } = await run(campaign({ ...FEW, depth: 1, settings }));
    expect(canaries.map(({ caught }) => caught)).toEqual([true, false]);
    expect(verdict).toBe("inconclusive");
    expect(because).toContain("not caught: the bad generators repaired-in-place");
  });

  it("are the same on one thread, on many, and in merged shards", async () => {
    const of = campaign({ cases: 6, depth: 1, settings: { canaries: cutCanaries(1) } });
    const whole = await run(of);
    expect(whole.canaries.map(({ generator }) => generator)).toEqual(cutCanaries(1));
    expect(lasting(await run(of, { workers: 2 }))).toBe(lasting(whole));
    const shards = [];
    for (const index of [1, 2]) {
      shards.push({ name: `${index}.json`, run: await run(of, { shard: { index, of: 2 } }) });
    }
    expect(lasting(mergeShards(shards))).toBe(lasting(whole));
  });

  it("stay inconclusive in merged shards", async () => {
    const of = campaign({ ...FEW, depth: 1, settings: { canaries: ["repaired-in-place"] } });
    const shards = [];
    for (const index of [1, 2]) {
      shards.push({ name: `${index}.json`, run: await run(of, { shard: { index, of: 2 } }) });
    }
    const merged = mergeShards(shards);
    expect(merged.verdict).toBe("inconclusive");
    expect(merged.because).toContain("not caught: the bad generators repaired-in-place");
  });

  it("refuse a generator that breaks no rule of theirs", () => {
    const of = (name: string) => campaign({ depth: 1, settings: { canaries: [name] } });
    expect(() => canariesOf(of("jump-too-far"))).toThrow(UsageError);
    expect(() => canariesOf(of("jump-too-far"))).toThrow(/breaks none of the rules/);
    expect(() => canariesOf(of("no-such"))).toThrow(/there is no bad generator/);
  });
});
