import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Check, type CheckResult } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import { Random } from "../../../host/core/random.ts";
import type { Sample } from "../../../host/core/sample.ts";
import { DEFAULT_BOARD } from "../../../host/virtual/board.ts";
import { type CampaignOptions, virtualBoardSamples } from "../../../host/virtual/campaign.ts";
import { createNvm } from "../../../host/virtual/nvm.ts";
import { PromiseBudget } from "../../../host/virtual/promise-budget.ts";
import { RELEASE } from "../../support/builds.ts";

function samplesOf(options: Partial<CampaignOptions>): Sample[] {
  return [
    ...virtualBoardSamples({
      generator: "isnkit",
      seed: 1,
      reboots: 60,
      wasm: RELEASE,
      ...options,
    }),
  ];
}

function verdictOn(samples: readonly Sample[]): CheckResult {
  const twoMslUs = 2 * DEFAULT_BOARD.mslMs * 1000;
  const context = { twoMslUs, source: "board", ports: DEFAULT_BOARD.ports } as const;
  const check = new Check({ rules: RULES, context });
  for (const sample of samples) check.observe(sample);
  return check.finish();
}

function withoutNvm(samples: readonly Sample[]): Sample[] {
  return samples.filter((sample) => sample.kind !== "nvm");
}

function digest(samples: readonly Sample[]): string {
  return createHash("sha256").update(JSON.stringify(samples)).digest("hex").slice(0, 16);
}

describe("a campaign", () => {
  it("passes all rules with evidence for each on the honest device, for 20 reboots and more", () => {
    for (const [seed, reboots] of [
      [1, 20],
      [2, 20],
      [3, 20],
      [1, 1000],
      [2, 1000],
    ] as const) {
      const result = verdictOn(samplesOf({ seed, reboots }));
      expect(result.findings).toEqual([]);
      expect(result.rules.filter((rule) => rule.status !== "pass")).toEqual([]);
    }
  });

  it("gives the same stream for the same seed, and another one for another seed", () => {
    expect(samplesOf({ seed: 5 })).toEqual(samplesOf({ seed: 5 }));
    expect(digest(samplesOf({ seed: 5 }))).not.toBe(digest(samplesOf({ seed: 6 })));
  });

  it("is the beginning of every longer campaign, but for its last count of memory use", () => {
    const short = withoutNvm(samplesOf({ seed: 3, reboots: 50 }));
    const long = withoutNvm(samplesOf({ seed: 3, reboots: 100 }));
    expect(long.slice(0, short.length)).toEqual(short);
    expect(long[short.length]?.boot).toBe(51);
  });

  it("runs boot 0 and as many reboots as were asked for, in order of time", () => {
    const samples = samplesOf({ reboots: 40 });
    const boots = samples.filter((sample) => sample.kind === "boot");
    expect(boots.map((sample) => sample.boot)).toEqual(Array.from({ length: 41 }, (_, i) => i));
    expect(boots.map((sample) => sample.requested)).toEqual([false, ...Array(40).fill(true)]);
    const times = samples.map((sample) => sample.timeUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("loses the storage at boot 10, and expects refusals only for quiet time after it", () => {
    const samples = samplesOf({ reboots: 20 });
    expect(samples.find((sample) => sample.kind === "storage-lost")?.boot).toBe(10);
    const refused = samples.filter((sample) => sample.kind === "refused");
    expect(refused.length).toBeGreaterThan(20);
    for (const sample of refused) {
      expect(sample).toMatchObject({ reason: "quiet", expected: true });
      expect(sample.boot).toBeGreaterThanOrEqual(10);
    }
  });

  it("cuts power in memory operations, also inside recovery, and never sees a breach of contract", () => {
    const nvm = createNvm(DEFAULT_BOARD.storage, new Random(1));
    const plain = nvm.armCut.bind(nvm);
    let armed = 0;
    nvm.armCut = (plan) => {
      if (plan !== undefined) armed++;
      plain(plan);
    };
    const samples = samplesOf({ reboots: 300, nvm });
    const powerCuts = samples.filter((one) => one.kind === "boot" && one.cause === "power-cut");
    expect(armed).toBeGreaterThan(50);
    expect(powerCuts.length).toBeGreaterThan(100);
    // Starts that were cut after their record was durable show as steps of more than one.
    const counts = samples.flatMap((one) => (one.kind === "boot" ? [one.persistedBootCount] : []));
    const steps = counts.map((count, i) => (count ?? 0) - (counts[i - 1] ?? 0));
    expect(steps.filter((step) => step > 1).length).toBeGreaterThan(3);
    expect(nvm.violations).toEqual([]);
  });

  it("brings every kind of traffic: both families, bound and allocated ports, with and without timestamps", () => {
    const opens = samplesOf({ reboots: 300 }).filter((sample) => sample.kind === "open");
    for (const family of [".", ":"]) {
      for (const choice of ["bound", "allocated"]) {
        for (const timestamps of [true, false]) {
          const found = opens.some(
            (one) =>
              one.tuple.localAddress.includes(family) &&
              one.portChoice === choice &&
              (one.tsval !== undefined) === timestamps,
          );
          expect([family, choice, timestamps, found]).toEqual([family, choice, timestamps, true]);
        }
      }
    }
  });

  it("names the generators when it is asked for one that it does not have", () => {
    expect(() => samplesOf({ generator: "fortune" })).toThrow(/no generator "fortune"/);
  });

  it("says what to do when the module is missing", () => {
    const options = { generator: "random", seed: 1, reboots: 1 };
    expect(() => [...virtualBoardSamples(options)]).toThrow(/without the compiled module/);
  });

  it("refuses a number of reboots that is none", () => {
    expect(() => samplesOf({ reboots: -1 })).toThrow(/no number of reboots/);
  });
});

describe("the budget of a campaign", () => {
  const LIFE_US = 240_000_000;

  function bootsWithin(life: number, ports: number): number {
    const budget = new PromiseBudget(LIFE_US, ports);
    let nowUs = 0;
    for (let boots = 0; ; boots++) {
      if (budget.waitUs(nowUs, 100_000, 1) > 0) return boots;
      if (nowUs > life) return boots;
      nowUs += 160_000;
      budget.spend(nowUs, 100_000, 0, 1);
    }
  }

  it("lets 1,500 boots of 0.16 s pass within 240 s, and keeps the clock below 2^31 ahead", () => {
    expect(bootsWithin(LIFE_US, 64_512)).toBeGreaterThanOrEqual(1_500);
    const budget = new PromiseBudget(LIFE_US, 64_512);
    let boots = 0;
    while (budget.waitUs(0, 100_000, 1) === 0) {
      budget.spend(0, 100_000, 0, 1);
      boots++;
    }
    expect(boots * (2 ** 20 + 2 ** 18)).toBeLessThan(2 ** 31);
  });

  it("keeps a small port range from coming round", () => {
    const boots = bootsWithin(LIFE_US, 4_096);
    expect(boots * 16).toBeLessThan(4_096);
    expect(boots).toBeGreaterThan(100);
  });

  it("lets the next boot pass when the old connections are dead", () => {
    const budget = new PromiseBudget(LIFE_US, 100);
    while (budget.waitUs(0, 1_000, 1) === 0) budget.spend(0, 1_000, 0, 1);
    expect(budget.waitUs(0, 1_000, 1)).toBe(LIFE_US);
    expect(budget.waitUs(LIFE_US, 1_000, 1)).toBe(0);
  });

  it("leaves less room for running ahead the more was spent", () => {
    const budget = new PromiseBudget(LIFE_US, 64_512);
    const before = budget.roomBytes(0, 1_000_000);
    budget.spend(0, 1_000_000, 1_000_000, 1);
    expect(budget.roomBytes(0, 1_000_000)).toBeLessThan(before - 1_000_000);
  });
});
