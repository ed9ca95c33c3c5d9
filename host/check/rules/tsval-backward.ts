/**
 * tsval-backward: a tuple's TSval never goes back, neither in a connection nor to the next one
 * within 2 × MSL. An equal TSval is allowed: PAWS only refuses lower ones (RFC 7323 §5.2).
 * Exact, no false alarms.
 */
import { serialDistance } from "../../core/serial.ts";
import type { Incarnation, Rule, RuleJudge } from "../rule.ts";

export const tsvalBackward: Rule = {
  id: "tsval-backward",
  holds: "a tuple's timestamp never goes back",
  clause: "RFC 7323 §5.2, RFC 6191 §2",
  remedy:
    "derive TSval from the clock that continues after a reboot, with an offset per tuple from a key that survives it",
  sees: ["open", "used"],
  start: judge,
};

function judge(): RuleJudge {
  let judged = 0;
  return {
    observe({ sample, history }, report) {
      if (sample.kind !== "open" && sample.kind !== "used") return;
      if (sample.tsval === undefined) return;
      const highest = highestTsval(history);
      if (highest?.tsval === undefined) return;
      judged++;
      const distance = serialDistance(highest.tsval, sample.tsval);
      if (distance >= 0) return;
      report({
        rule: "tsval-backward",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        before: highest.tsval,
        after: sample.tsval,
        distance,
        elapsedUs: sample.timeUs - highest.lastUs,
        detail: `TSval is ${-distance} behind the tuple's last one: PAWS drops the segment however good the ISN is, and TIME_WAIT starts over`,
        ...(sample.frame === undefined ? {} : { frame: sample.frame }),
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : { judged, open: "no tuple with timestamps was heard of twice within 2 × MSL" },
  };
}

/** Serially highest, starting from the newest, as the older ones may be from before a breach. */
function highestTsval(history: readonly Incarnation[]): Incarnation | undefined {
  let highest: Incarnation | undefined;
  for (let i = history.length - 1; i >= 0; i--) {
    const one = history[i];
    if (one?.tsval === undefined) continue;
    if (highest?.tsval === undefined || serialDistance(highest.tsval, one.tsval) > 0) highest = one;
  }
  return highest;
}
