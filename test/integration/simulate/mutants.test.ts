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
import { compileMutantBytes, MUTANTS, type Mutant } from "../../support/mutants.ts";
import { campaign } from "../../support/simulation.ts";

/**
 * Mutants that a swarm of lives catches, with the number of cases (of 100 reboots) that it may take.
 * The others need a cut at one operation of one geometry, which is what exhaustive mode is for.
 */
const SWARM: readonly (readonly [string, number])[] = [
  ["skips the write-ahead: hands out numbers above the durable ceiling", 60],
  ["takes a new key at each boot", 4],
  ["does not make reported numbers durable", 60],
  ["forgets at a boot that quiet time is owed", 60],
];

const CUT: readonly Mutant[] = [
  {
    name: "takes the key of a pair that holds no record yet",
    file: "journal.ts",
    edits: [
      [
        "const slot = newestRecord(sector);",
        "takeHeaderKey(page); const slot = newestRecord(sector);",
      ],
    ],
    law: "power is cut at every operation",
  },
];

function mutantOf(name: string): Mutant {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant that ${name}`);
  return mutant;
}

describe("a deliberately broken module", () => {
  it.each(SWARM)(
    "is caught when it %s, within %i cases, and its case is small",
    async (name, most) => {
      const of = campaign({ wasm: await compileMutantBytes(mutantOf(name)), seed: 21 });
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

  it.each(CUT)(
    "is caught by exhaustive power cuts, where a swarm would need luck, when it $name",
    async (mutant) => {
      const source = { wasm: await compileMutantBytes(mutant), seed: 1, depth: 1 } as const;
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
