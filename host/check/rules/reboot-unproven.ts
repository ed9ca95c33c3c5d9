/**
 * reboot-unproven: a reboot that was asked for shows in the boot count that the device persists. A
 * reset that did not happen proves nothing about what survives it. Exact, no false alarms.
 *
 * A boot without a count is passed over (power may be cut again before the device can tell); the
 * next count must then have grown all the same. Lost storage starts the count anew.
 */
import type { Rule, RuleJudge } from "../rule.ts";

export const rebootUnproven: Rule = {
  id: "reboot-unproven",
  holds: "every reboot that was asked for shows in the persisted boot count",
  clause: "isnkit check rules (evidence of the bench)",
  remedy:
    "check the reset line or the power switch; on the device, make the boot record durable before numbers are given out",
  sees: ["boot", "storage-lost"],
  start: judge,
};

function judge(): RuleJudge {
  let last: { count: number; timeUs: number } | undefined;
  let judged = 0;
  let requested = 0;
  /** Whether a reboot was asked for since the last count that was seen. */
  let pending = false;
  return {
    observe({ sample }, report) {
      if (sample.kind === "storage-lost") {
        last = undefined;
        pending = false;
        return;
      }
      if (sample.kind !== "boot") return;
      if (sample.requested) {
        requested++;
        pending = true;
      }
      const count = sample.persistedBootCount;
      if (count === undefined) return;
      const before = last;
      last = { count, timeUs: sample.timeUs };
      if (before === undefined || !pending) return;
      pending = false;
      judged++;
      if (count > before.count) return;
      report({
        rule: "reboot-unproven",
        boot: sample.boot,
        timeUs: sample.timeUs,
        before: before.count,
        after: count,
        distance: count - before.count,
        elapsedUs: sample.timeUs - before.timeUs,
        detail: `a reboot was asked for (${sample.cause ?? "cause not known"}), but the persisted boot count did not grow: either it did not happen, or the record was lost`,
      });
    },
    finish() {
      if (judged > 0) return { judged };
      const open =
        requested === 0
          ? "no reboot was asked for"
          : "the source shows no persisted boot count before and after a reboot";
      return { judged, open };
    },
  };
}
