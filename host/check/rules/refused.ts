/**
 * refused: the device gave a number whenever it was asked, unless the scenario expects a refusal
 * (quiet time, say). Exact, no false alarms: the source says which refusals are expected.
 */
import type { CheckContext, Rule, RuleJudge } from "../rule.ts";

export const refused: Rule = {
  id: "refused",
  holds: "the device refuses numbers only when the scenario calls for it",
  clause: "RFC 9293 §3.4.3 (fail closed)",
  remedy:
    "read the reason: a full table, no free port, failed storage and a missing key each have their own cure",
  sees: ["open", "refused"],
  start: judge,
};

function judge({ source }: CheckContext): RuleJudge {
  let judged = 0;
  return {
    observe({ sample }, report) {
      if (source !== "board") return;
      if (sample.kind === "open") judged++;
      if (sample.kind !== "refused") return;
      judged++;
      if (sample.expected) return;
      report({
        rule: "refused",
        boot: sample.boot,
        timeUs: sample.timeUs,
        detail: `${sample.call} was refused: ${sample.reason}`,
      });
    },
    finish() {
      if (judged > 0) return { judged };
      const open =
        source === "capture"
          ? "a capture does not show what the device refused"
          : "the device was never asked for a number";
      return { judged, open };
    },
  };
}
