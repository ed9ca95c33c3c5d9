import { describe, expect, it } from "vitest";
import { deviceOf, swarmRunner } from "../../../host/simulate/campaign.ts";
import { keepOnly, parseCaseName } from "../../../host/simulate/case-text.ts";
import {
  exhaustiveCases,
  exhaustiveRunner,
} from "../../../host/simulate/exhaustive/exhaustive-runner.ts";
import { explainFailure } from "../../../host/simulate/explain-failure.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { drawLife } from "../../../host/virtual/draw-life.ts";
import { compileMutantBytes, type Mutant } from "../../support/mutants.ts";
import { campaign } from "../../support/simulation.ts";

type Change = Omit<Mutant, "law">;

/**
 * What a swarm of lives catches, with the number of cases (of 100 reboots) that it may take. The others
 * need a cut at one operation of one geometry, which is what exhaustive mode is for.
 */
const SWARM: readonly (readonly [Change, number])[] = [
  [
    {
      name: "skips the write-ahead: hands out numbers above the durable ceiling",
      file: "sequence.ts",
      from: "limit = ceiling - guard;",
      to: "limit = 0x7fff_ffff_ffff_ffff;",
    },
    60,
  ],
  [
    {
      name: "takes a new key at each boot",
      file: "lifecycle.ts",
      from: "startSequence(ceiling + guard, portCeiling);",
      to: "setKey(ceiling, 1); startSequence(ceiling + guard, portCeiling);",
    },
    4,
  ],
  [
    {
      name: "does not make reported numbers durable",
      file: "timewait.ts",
      from: "if (!makeDurable(ahead)) return Reason.STORAGE_FAILED;",
      to: "",
    },
    60,
  ],
  [
    {
      name: "forgets at a boot that quiet time is owed",
      file: "lifecycle.ts",
      from: "const quiet = quietOwed || lost;",
      to: "const quiet = lost;",
    },
    60,
  ],
];

const CUT: readonly Change[] = [
  {
    name: "takes the key of a pair that holds no record yet",
    file: "journal.ts",
    from: "const slot = newestRecord(sector);",
    to: "takeHeaderKey(page); const slot = newestRecord(sector);",
  },
  {
    name: "hands out ports beyond their lease",
    file: "sequence.ts",
    from: "distance(portNext, portCeiling) > 0 || renew(v)",
    to: "true",
  },
];

function compiled(change: Change): Promise<Uint8Array<ArrayBuffer>> {
  return compileMutantBytes({ ...change, law: "powerCuts" });
}

describe("a deliberately broken module", () => {
  it.each(SWARM.map(([change, most]) => [change.name, most, change] as const))(
    "is caught when it %s, within %i cases, and its case is small",
    async (_, most, change) => {
      const of = campaign({ wasm: await compiled(change), seed: 21 });
      const runner = swarmRunner(of);
      let failure = runner.run(0).failures[0];
      for (let index = 1; index < most && failure === undefined; index++) {
        failure = runner.run(index).failures[0];
      }
      expect(failure).toBeDefined();
      if (failure === undefined) return;
      const told = explainFailure(of, failure);
      const { boots = 99, connections = 99, faults = 99, case: text = "" } = told.shrunk ?? {};
      expect(told.drawn.boots).toBe(101);
      expect(boots).toBeLessThanOrEqual(12);
      expect(connections).toBeLessThanOrEqual(4);
      expect(faults).toBeLessThanOrEqual(4);
      expect(told.replay).toBe(`isnkit simulate --case ${text}`);
      expect(told.story.length).toBeGreaterThan(2);
      // The line that is printed shows it again.
      const { seed, index, kept = [] } = parseCaseName(text, "test");
      const script = keepOnly(drawLife(of.settings, seed, index), kept);
      const { result } = judgeLife(script, deviceOf(of));
      expect(result.findings.map(({ rule }) => rule)).toContain(failure.rule);
    },
  );

  it.each(CUT.map((change) => [change.name, change] as const))(
    "is caught by exhaustive power cuts, where a swarm would need luck, when it %s",
    async (_, change) => {
      const source = { wasm: await compiled(change), seed: 1, depth: 1 } as const;
      const runner = exhaustiveRunner(source);
      let found: string | undefined;
      for (let index = 0; index < exhaustiveCases(source) && found === undefined; index++) {
        found = runner.run(index).failures[0]?.rule;
      }
      expect(found).toBeDefined();
    },
  );

  it("is no different when nothing is broken", async () => {
    const runner = swarmRunner(campaign({ wasm: await compileMutantBytes(), seed: 21 }));
    for (let index = 0; index < 10; index++) expect(runner.run(index).failures).toEqual([]);
  });
});
