/**
 * How a new ISN stands to the tuple's earlier connections: the one decision behind `isn-reuse`,
 * `isn-backward` and `isn-window`, so that a pair of numbers is reported once, under one name.
 *
 * With N = `next` of the earlier connection (its server expects N), a new ISN must lie in
 * N + 1 … N + 2^31 − 1. RFC 9293 §3.10.7.4 asks for more than the largest number used, N − 1, which
 * N itself would satisfy; but Linux 6.18 (measured) and FreeBSD refuse N, so the strict bound counts.
 *
 * Behind and too far ahead are the same set mod 2^32. The name goes to what is nearer: 2^31 up to
 * 2^31 + 2^30 ahead is called too far ahead (`isn-window`), the rest behind (`isn-backward`). This
 * is a choice of name only; a server refuses both alike.
 */
import { serialDistance, serialForward } from "../core/serial.ts";
import type { Incarnation, RuleJudge } from "./rule.ts";

export type SuccessionBreach = "isn-reuse" | "isn-backward" | "isn-window";

export interface Succession {
  readonly breach: SuccessionBreach;
  /** The incarnation that the new ISN collides with. */
  readonly against: Incarnation;
}

const HALF = 2 ** 31;
const TOO_FAR_END = 2 ** 31 + 2 ** 30;

/**
 * Judges `isn` (u32) against every live incarnation of its tuple, oldest first. Reuse of a number
 * goes before all else, as it is what corrupts data; then the newest incarnation that is in conflict
 * counts. Returns undefined when the ISN is after all of them and in their windows.
 */
function judgeSuccession(isn: number, history: readonly Incarnation[]): Succession | undefined {
  let found: Succession | undefined;
  for (let i = history.length - 1; i >= 0; i--) {
    const against = history[i];
    if (against === undefined) continue;
    const breach = breachOf(isn, against);
    if (breach === "isn-reuse") return { breach, against };
    if (breach !== undefined && found === undefined) found = { breach, against };
  }
  return found;
}

function breachOf(isn: number, old: Incarnation): SuccessionBreach | undefined {
  if (serialForward(old.isn, isn) < serialForward(old.isn, old.next)) return "isn-reuse";
  const ahead = serialForward(old.next, isn);
  if (ahead > 0 && ahead < HALF) return undefined;
  return ahead >= HALF && ahead < TOO_FAR_END ? "isn-window" : "isn-backward";
}

/**
 * The judge of one of the three rules: reports the opens whose breach has this name. All three judge
 * the same pairs, so all three have the same evidence.
 */
export function successionJudge(
  breach: SuccessionBreach,
  describe: (isn: number, against: Incarnation) => string,
): RuleJudge {
  let judged = 0;
  return {
    observe({ sample, history }, report) {
      if (sample.kind !== "open" || history.length === 0) return;
      judged++;
      const found = judgeSuccession(sample.isn, history);
      if (found?.breach !== breach) return;
      const { against } = found;
      report({
        rule: breach,
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        before: against.next,
        after: sample.isn,
        distance: serialDistance(against.next, sample.isn),
        elapsedUs: sample.timeUs - against.lastUs,
        detail: describe(sample.isn, against),
        ...(sample.frame === undefined ? {} : { frame: sample.frame }),
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : {
            judged,
            open: "no tuple came back within 2 × MSL; reconnect from a fixed local port, or reboot sooner",
          },
  };
}
