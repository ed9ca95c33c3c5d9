/** A rule names the kinds of samples that it looks at; what it does not name, it never gets to see. */
import { describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { deviceOf, drawCase } from "../../../host/simulate/campaign.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { LIFE_RULES } from "../../../host/simulate/rules/index.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { campaign } from "../../support/simulation.ts";

const ALL_KINDS: Record<Sample["kind"], true> = {
  boot: true,
  open: true,
  used: true,
  refused: true,
  "storage-lost": true,
  nvm: true,
  stale: true,
  liveness: true,
  violation: true,
};
const SHOWN_ALL = LIFE_RULES.map((rule) => ({
  ...rule,
  sees: Object.keys(ALL_KINDS) as Sample["kind"][],
}));

describe("the kinds of samples that a rule is shown", () => {
  for (const generator of ["isnkit", ...ZOO.map(({ name }) => name)]) {
    it(`are all that it looks at in lives of ${generator}`, () => {
      for (let index = 0; index < 4; index++) {
        const run = (rules: typeof LIFE_RULES) => {
          const of = campaign({ generator, seed: 5 });
          return judgeLife(drawCase(of, index), deviceOf(of), { rules }).result;
        };
        expect(run(LIFE_RULES)).toEqual(run(SHOWN_ALL));
      }
    });
  }
});
