/**
 * port-reuse: an allocated port does not bring back a tuple within 2 × MSL after it was last heard
 * of, reboots included. A port that the application bound is its own choice and never counts; for
 * captures see boundness.ts. Exact, no false alarms.
 */
import { serialDistance } from "../../core/serial.ts";
import { destinationKey } from "../../core/tuple.ts";
import { Boundness, LOOKS_BOUND } from "../boundness.ts";
import type { Finding, Rule, RuleJudge } from "../rule.ts";

export const portReuse: Rule = {
  id: "port-reuse",
  holds: "no tuple comes back on an allocated port within 2 × MSL, reboots included",
  clause: "RFC 6056 §3.1, RFC 9293 §3.4.3",
  remedy:
    "persist the allocation counter so that it continues after a reboot, and use a range of several thousand ports",
  sees: ["open"],
  start: judge,
};

/** Findings that wait until it is known who chose the ports; what comes beyond is told at once. */
const WAITING_MAX = 10_000;

function judge(): RuleJudge {
  const boundness = new Boundness();
  const waiting: { readonly destination: string; readonly finding: Finding }[] = [];
  let judged = 0;
  return {
    observe({ sample, history }, reportNow) {
      if (sample.kind !== "open") return;
      const report = (finding: Finding) => {
        const destination = destinationKey(sample.tuple);
        const waits = sample.portChoice === "unknown" && waiting.length < WAITING_MAX;
        if (waits) waiting.push({ destination, finding });
        else reportNow(finding);
      };
      boundness.note(sample);
      if (!boundness.allocated(sample)) return;
      judged++;
      const last = history.at(-1);
      if (last === undefined) return;
      const { localPort } = sample.tuple;
      const reboots = sample.boot - last.boot;
      const between = reboots > 0 ? `, ${reboots} reboot${reboots > 1 ? "s" : ""} later` : "";
      report({
        rule: "port-reuse",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        before: last.isn,
        after: sample.isn,
        distance: serialDistance(last.isn, sample.isn),
        elapsedUs: sample.timeUs - last.lastUs,
        detail: `port ${localPort} was taken again for the same destination${between}: the peer may still hold the old connection (numbers are the two ISNs)`,
        ...(sample.frame === undefined ? {} : { frame: sample.frame }),
      });
    },
    finish(report) {
      for (const { destination, finding } of waiting) {
        if (!boundness.looksBound(destination)) report(finding);
      }
      return judged > 0 ? { judged } : { judged, open: LOOKS_BOUND };
    },
  };
}
