/**
 * liveness: once faults stop, the device connects to every server within a stated time. Being safe by
 * never talking again is no success. Exact.
 */

import type { Rule, RuleJudge } from "../../check/rule.ts";
import { formatDurationUs } from "../../core/duration.ts";

export const liveness: Rule = {
  id: "liveness",
  holds: "once faults stop, the device connects to every server in time",
  clause: "RFC 9293 §3.4.3 (quiet time ends after 2 × MSL)",
  remedy:
    "see why numbers are still refused: quiet time that never ends, storage that is given up for good, or a key that nobody replaces",
  sees: ["liveness"],
  start: judge,
};

function judge(): RuleJudge {
  let judged = 0;
  return {
    observe({ sample }, report) {
      if (sample.kind !== "liveness") return;
      judged++;
      const elapsedUs = sample.timeUs - sample.sinceUs;
      if (sample.connected && elapsedUs <= sample.limitUs) return;
      report({
        rule: "liveness",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        elapsedUs,
        detail: `${sample.connected ? "it took" : "no connection within"} ${formatDurationUs(elapsedUs)} after the last fault; ${formatDurationUs(sample.limitUs)} are allowed`,
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : { judged, open: "the run did not get as far as the liveness phase" },
  };
}
