/**
 * stale-byte: no byte of an earlier connection is taken for data of a new one, at either end. The
 * network holds segments back for up to MSL and delivers them into the tuple's next connection; what
 * keeps them out are sequence numbers (and timestamps, where both connections use them). Exact.
 */

import type { Rule, RuleJudge } from "../../check/rule.ts";
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";

export const staleByte: Rule = {
  id: "stale-byte",
  holds: "no byte of an earlier connection is accepted by a new one, at either end",
  clause: "RFC 9293 §3.4.1, §3.4.3, RFC 7323 §5",
  remedy:
    "start each connection of a tuple above every number that its earlier connections used within 2 × MSL, reboots included",
  sees: ["stale"],
  start: judge,
};

function judge(): RuleJudge {
  let judged = 0;
  return {
    observe({ sample }, report) {
      if (sample.kind !== "stale") return;
      judged++;
      if (!sample.accepted) return;
      report({
        rule: "stale-byte",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        before: sample.seq,
        after: sample.expected,
        distance: serialDistance(sample.seq, sample.expected),
        elapsedUs: sample.ageUs,
        detail: `the ${sample.at} took data of an earlier connection for its own: ${sample.bytes} bytes from ${sample.seq}, ${formatDurationUs(sample.ageUs)} under way, fell into the window of ${sample.window} bytes from ${sample.expected}`,
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : { judged, open: "no segment of an earlier connection arrived while a new one was open" },
  };
}
