/**
 * quiet-time: after storage was lost the device does not know which numbers it used, so it opens
 * nothing until 2 × MSL later. Exact, no false alarms. A loss counts as judged when the device was
 * heard after it: too early, or once the time was over.
 */
import { formatDurationUs } from "../../core/duration.ts";
import type { CheckContext, Rule, RuleJudge } from "../rule.ts";

export const quietTime: Rule = {
  id: "quiet-time",
  holds: "after lost storage no connection is opened for 2 × MSL",
  clause: "RFC 9293 §3.4.3, RFC 6528 §3",
  remedy:
    "when no trustworthy record is found at boot, refuse numbers until 2 × MSL have passed, and start anew if a reboot comes before a record says that it is over",
  sees: ["open", "storage-lost"],
  start: judge,
};

function judge({ twoMslUs }: CheckContext): RuleJudge {
  let lostUs: number | undefined;
  let losses = 0;
  let judged = 0;
  let heard = false;
  return {
    observe({ sample }, report) {
      if (sample.kind === "storage-lost") {
        lostUs = sample.timeUs;
        losses++;
        heard = false;
        return;
      }
      if (sample.kind !== "open" || lostUs === undefined) return;
      const elapsedUs = sample.timeUs - lostUs;
      if (!heard) judged++;
      heard = true;
      if (elapsedUs >= twoMslUs) {
        lostUs = undefined;
        return;
      }
      report({
        rule: "quiet-time",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        after: sample.isn,
        elapsedUs,
        detail: `a connection was opened ${formatDurationUs(elapsedUs)} after storage was lost, ${formatDurationUs(twoMslUs - elapsedUs)} too early: the device cannot know which numbers are still alive`,
        ...(sample.frame === undefined ? {} : { frame: sample.frame }),
      });
    },
    finish() {
      if (judged > 0) return { judged };
      const open =
        losses === 0
          ? "storage was never lost in this run"
          : "the device was not heard again after its storage was lost; run longer";
      return { judged, open };
    },
  };
}
