/**
 * wear: the most erased sector stays within the erase cycles that the part is rated for, over the
 * run. Exact, no false alarms. The rule does not extrapolate: a campaign of power cuts writes far
 * more often than life does, so its rate says nothing about years in the field; the benchmark does.
 */
import type { Rule, RuleJudge } from "../rule.ts";

export const wear: Rule = {
  id: "wear",
  holds: "erases of the most erased sector stay within the endurance of the part",
  clause: "data sheet of the memory (endurance)",
  remedy: "lease longer, or give the journal more sectors, so that fewer erases fall on each",
  sees: ["nvm"],
  start: judge,
};

function judge(): RuleJudge {
  let judged = 0;
  let reported = false;
  return {
    observe({ sample }, report) {
      if (sample.kind !== "nvm" || sample.enduranceCycles <= 0) return;
      judged++;
      const excess = sample.erasesMax - sample.enduranceCycles;
      if (excess <= 0 || reported) return;
      // Erase counts only grow: every later sample would repeat the finding.
      reported = true;
      report({
        rule: "wear",
        boot: sample.boot,
        timeUs: sample.timeUs,
        before: sample.enduranceCycles,
        after: sample.erasesMax,
        distance: excess,
        detail: `the most erased sector had ${sample.erasesMax} erases after ${sample.writes} writes; the part is rated for ${sample.enduranceCycles}`,
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : { judged, open: "the source does not report writes and erases with a rated endurance" },
  };
}
