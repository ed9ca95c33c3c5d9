/**
 * memory-contract: the device does nothing to its memory that the part does not allow: no program of a
 * granule that is not erased or that a torn write has touched, nothing unaligned, nothing outside. A
 * model that is kinder than the part would hide it. Exact.
 */
import type { Rule, RuleJudge } from "../../check/rule.ts";

export const memoryContract: Rule = {
  id: "memory-contract",
  holds: "the device does nothing to its memory that the part does not allow",
  clause: "data sheet of the memory (programming)",
  remedy: "program whole erased granules once, and never one that a cut write may have touched",
  sees: ["nvm", "violation"],
  start: judge,
};

function judge(): RuleJudge {
  let operations = 0;
  return {
    observe({ sample }, report) {
      if (sample.kind === "nvm") operations = Math.max(operations, sample.writes);
      if (sample.kind !== "violation") return;
      operations = Math.max(operations, 1);
      report({
        rule: "memory-contract",
        boot: sample.boot,
        timeUs: sample.timeUs,
        after: sample.at,
        detail: `${sample.what} at ${sample.at}`,
      });
    },
    finish: () =>
      operations > 0
        ? { judged: operations }
        : { judged: 0, open: "the device never wrote to its memory" },
  };
}
