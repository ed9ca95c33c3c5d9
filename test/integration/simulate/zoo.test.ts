import { describe, expect, it } from "vitest";
import { swarmRunner } from "../../../host/simulate/campaign.ts";
import { CANARY_CASES_MAX, canariesOf, runCanary } from "../../../host/simulate/canary.ts";
import { addTotals, noTotals } from "../../../host/simulate/totals.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { campaign, run } from "../../support/simulation.ts";

describe.each(ZOO.map((member) => [member.name, member] as const))("sim:%s", (name, member) => {
  it("is caught by its rules within the cases that a canary gets", () => {
    const runner = swarmRunner(campaign({ generator: name, seed: 11 }));
    const totals = noTotals();
    for (let index = 0; index < CANARY_CASES_MAX; index++) addTotals(totals, runner.run(index));
    const failed = Object.entries(totals.rules).filter(([, rule]) => rule.findings > 0);
    expect(failed.map(([id]) => id)).toEqual(expect.arrayContaining([...member.rules]));
    for (const rule of ["wear", "memory-contract", "reboot-unproven"] as const) {
      expect([rule, totals.rules[rule]?.findings]).toEqual([rule, 0]);
    }
  });
});

describe("what both ends see", () => {
  it("catches a generator that repeats itself by stale bytes and refused SYNs as well", async () => {
    const { rules } = await run(campaign({ generator: "rtcless-clock", cases: 30 }));
    const broken = rules.filter(({ status }) => status === "fail").map(({ id }) => id);
    expect(broken).toEqual(expect.arrayContaining(["stale-byte", "connect-first-syn"]));
  });

  it("catches devices that all begin alike, over all cases", async () => {
    const { rules, failures } = await run(campaign({ generator: "fixed-seed-prng", cases: 4 }));
    const rule = rules.find(({ id }) => id === "isn-repeats-between-devices");
    expect(rule).toMatchObject({ status: "fail" });
    expect(failures.at(-1)?.rule).toBe("isn-repeats-between-devices");
  });
});

describe("the canary", () => {
  it("finds every generator of the zoo that it is given", () => {
    const canaries = ZOO.map(({ name }) => name);
    const of = campaign({ settings: { canaries } });
    const results = canariesOf(of).map((name) => runCanary(of, name));
    expect(results.filter(({ caught }) => !caught)).toEqual([]);
    expect(results).toHaveLength(ZOO.length);
  });

  it("makes a run inconclusive whose settings cannot catch it", async () => {
    // Without bound ports no tuple comes back, so nothing is tried of what a write-behind journal breaks.
    const servers = [{ address: "10.77.0.1", port: 25, boundPort: undefined, peer: undefined }];
    const settings = { servers, canaries: ["write-behind"] };
    const { verdict, because, canaries } = await run(campaign({ cases: 30, settings }));
    expect(canaries[0]).toMatchObject({ generator: "write-behind", caught: false });
    expect(verdict).toBe("inconclusive");
    expect(because).toContain("not caught: the bad generators write-behind");
  });
});
