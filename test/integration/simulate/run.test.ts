import { describe, expect, it } from "vitest";
import { UsageError } from "../../../host/core/errors.ts";
import { mergeShards } from "../../../host/simulate/merge.ts";
import { simulate } from "../../../host/simulate/simulate.ts";
import type { SimulateRun } from "../../../host/simulate/simulate-run.ts";
import { FAULT_KINDS } from "../../../host/virtual/fault-kinds.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { campaign, lasting, run } from "../../support/simulation.ts";

const FAST = { canaries: ["jump-too-far"] };

describe("a simulation", () => {
  it("passes on the module, and shows that each fault struck", async () => {
    const result = await run(campaign({ cases: 100 }), { workers: 2 });
    expect(result.because).toContain("100 cases");
    expect(result.verdict).toBe("pass");
    expect(result.faults.filter(({ injected }) => injected === 0)).toEqual([]);
    expect(result.faults.map(({ kind }) => kind)).toEqual([...FAULT_KINDS]);
    expect(result.rules.filter(({ tried }) => tried === 0)).toEqual([]);
    expect(result.peers.map(({ peer }) => peer)).toEqual([
      ...["linux", "freebsd", "openbsd", "aix", "lwip"],
    ]);
    for (const { peer, syns, synAcks, refusedByNature, states } of result.peers) {
      expect([peer, synAcks + refusedByNature]).toEqual([peer, syns]);
      expect(states.TIME_WAIT).toBeGreaterThan(100);
    }
    expect(result.counts.staleArrivals).toBeGreaterThan(500);
  });

  it("gives the same document on one thread and on many", async () => {
    const of = campaign({ cases: 40, seed: 3, settings: FAST });
    const [one, three] = [await run(of), await run(of, { workers: 3 })];
    expect(lasting(three)).toBe(lasting(one));
    expect(one.timelines).toHaveLength(4);
  });

  it("gives the same document on one thread and on many when it fails", async () => {
    const of = campaign({ cases: 12, seed: 3, generator: "write-behind" });
    const [one, two] = [await run(of), await run(of, { workers: 2 })];
    expect(one.verdict).toBe("fail");
    expect(lasting(two)).toBe(lasting(one));
  });

  it("is inconclusive when a fault was asked for and never struck", async () => {
    const { faults } = campaign().settings;
    const settings = { ...FAST, faults: { ...faults, "entropy-stuck": 0.000_01 } };
    const { verdict, because } = await run(campaign({ cases: 20, settings }));
    expect(verdict).toBe("inconclusive");
    expect(because).toContain("never struck");
    expect(because).toContain("entropy-stuck");
  });

  // So many that threads could not have run them all before the interrupt reaches them.
  it.each([
    { workers: 1, cases: 50, ran: (count: number) => count === 3 },
    { workers: 2, cases: 20_000, ran: (count: number) => count >= 3 && count < 20_000 },
  ])("reports what ran when it is interrupted, on $workers threads", async (one) => {
    const stop = new AbortController();
    let reboots = 0;
    const result = await simulate({
      campaign: campaign({ cases: one.cases, settings: { canaries: ["jump-too-far"] } }),
      workers: one.workers,
      signal: stop.signal,
      onProgress: (stage) => {
        if (stage.stage !== "cases") return;
        reboots = stage.reboots;
        if (stage.done >= 3) stop.abort();
      },
      nowMs: () => 0,
      startedAt: new Date(0),
    });
    expect(result.cases).toMatchObject({ total: one.cases, complete: false });
    expect(result.cases.count).toSatisfy(one.ran);
    // All that was told is in, also what came after the interrupt.
    expect(result.counts.reboots).toBe(reboots);
    expect(result.canaries).toEqual([]);
    expect(result.verdict).toBe("inconclusive");
    expect(result.because).toContain("cut short");
  });

  it("runs nothing when it was interrupted before, on two threads", async () => {
    const result = await simulate({
      campaign: campaign({ cases: 30, settings: { canaries: ["jump-too-far"] } }),
      workers: 2,
      signal: AbortSignal.abort(),
      nowMs: () => 0,
      startedAt: new Date(0),
    });
    expect(result.cases).toMatchObject({ count: 0, complete: false });
    expect(result.canaries).toEqual([]);
  });

  it.each([
    { workers: 1, canaries: 2 },
    { workers: 2, canaries: 12 },
  ])("is cut short without its canaries, on $workers threads", async ({ workers, canaries }) => {
    const stop = new AbortController();
    const names = ZOO.slice(0, canaries).map(({ name }) => name);
    expect(names).toHaveLength(canaries);
    const result = await simulate({
      campaign: campaign({ cases: 30, settings: { canaries: names } }),
      workers,
      signal: stop.signal,
      onProgress: (stage) => {
        // No case is left by then, and most canaries are.
        if (stage.stage === "canary") stop.abort();
      },
      nowMs: () => 0,
      startedAt: new Date(0),
    });
    expect(result.cases).toMatchObject({ count: 30, complete: false });
    expect(result.canaries.length).toBeLessThan(canaries);
    expect(result.verdict).toBe("inconclusive");
  });
});

describe("shards", () => {
  const of = campaign({ cases: 30, seed: 5, settings: FAST });

  async function shards(source = of): Promise<SimulateRun[]> {
    const all: SimulateRun[] = [];
    for (let index = 1; index <= 4; index++)
      all.push(await run(source, { shard: { index, of: 4 } }));
    return all;
  }

  function named(runs: readonly SimulateRun[]) {
    return runs.map((one, i) => ({ name: `shard-${i + 1}.json`, run: one }));
  }

  function codeOf(merge: () => unknown): string {
    try {
      merge();
    } catch (error) {
      if (error instanceof UsageError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return "merged";
  }

  it("make the document of the whole run, whatever order they come in", async () => {
    const [first, second, third, fourth] = await shards();
    const parts = [third, first, fourth, second].flatMap((one) => (one === undefined ? [] : [one]));
    expect(lasting(mergeShards(named(parts)))).toBe(lasting(await run(of)));
  });

  it("make the document of a whole run that fails, across devices as well", async () => {
    const bad = campaign({ cases: 9, generator: "fixed-seed-prng" });
    const whole = await run(bad);
    expect(whole.failures.some(({ rule }) => rule === "isn-repeats-between-devices")).toBe(true);
    expect(lasting(mergeShards(named(await shards(bad))))).toBe(lasting(whole));
  });

  it("are refused when one is missing, doubled, cut short or of another run", async () => {
    const all = await shards();
    const [first, second, third, fourth] = all;
    if (!first || !second || !third || !fourth) throw new Error("four shards ran");
    expect(codeOf(() => mergeShards(named(all)))).toBe("merged");
    expect(codeOf(() => mergeShards(named([first, second, fourth])))).toContain(
      "shard-missing: no shard holds the cases 15 to 21",
    );
    expect(codeOf(() => mergeShards(named([first, second, third])))).toContain(
      "shard-missing: no shard holds the cases 22 to 29",
    );
    expect(codeOf(() => mergeShards([]))).toContain("shard-missing");
    expect(codeOf(() => mergeShards(named([first, second, second, third, fourth])))).toContain(
      "shard-doubled",
    );
    const cut = { ...second, cases: { ...second.cases, count: 2, complete: false } };
    expect(codeOf(() => mergeShards(named([first, cut, third, fourth])))).toContain(
      "shard-incomplete",
    );
    const foreign = [
      { ...second, seed: 6 },
      { ...second, settingsHash: "0123456789abcdef" },
      { ...second, isnkit: { ...second.isnkit, version: "9.9.9" } },
      { ...second, isnkit: { ...second.isnkit, module: "0123456789abcdef" } },
      { ...second, board: "sim:random" },
    ];
    for (const other of foreign) {
      expect(codeOf(() => mergeShards(named([first, other, third, fourth])))).toContain(
        "shards-differ: shard-2.json",
      );
    }
  });
});
