/**
 * isn-repeats-after-boot: the first 8 ISNs of a boot are not those of one of the 512 boots before it,
 * over all tuples. False alarms: good ISNs are equal with a chance of 2^-32; a run reports with a
 * chance below 10^-11 (see boot-openings.ts for the bound; at most 8 counts of repeats are watched).
 */
import { BootOpenings, OPENING_LENGTH } from "../boot-openings.ts";
import { formatChance } from "../chance.ts";
import type { Report, Rule, RuleJudge } from "../rule.ts";

/** Earlier boots that are remembered. */
const BOOTS_REMEMBERED = 512;

export const isnRepeatsAfterBoot: Rule = {
  id: "isn-repeats-after-boot",
  holds: "the first ISNs of a boot are not those of an earlier boot, over all tuples",
  clause: "RFC 9293 §3.4.3, RFC 6528 §3",
  remedy:
    "do not seed from uptime, a constant or a fixed key alone: what the ISN comes from must survive the reboot and move on",
  sees: ["boot", "open"],
  start: judge,
};

function judge(): RuleJudge {
  const openings = new BootOpenings(BOOTS_REMEMBERED);
  let boot = 0;
  let timeUs = 0;
  let isns: number[] = [];

  function endBoot(report: Report): void {
    const numbers = isns;
    isns = [];
    const repeat = openings.add({ boot, timeUs, numbers }, 2 ** -32);
    if (repeat === undefined) return;
    const first = repeat.same[0];
    report({
      rule: "isn-repeats-after-boot",
      boot,
      timeUs,
      ...(first === undefined ? {} : { before: first, after: first, distance: 0 }),
      elapsedUs: timeUs - repeat.earlier.timeUs,
      detail: `${repeat.same.length} of the first ${numbers.length} ISNs are those of boot ${repeat.earlier.boot}, in the same places (${repeat.same.slice(0, 4).join(", ")}${repeat.same.length > 4 ? ", …" : ""}); by chance ${formatChance(repeat.lnChance)}`,
    });
  }

  return {
    observe({ sample }, report) {
      if (sample.kind === "boot") endBoot(report);
      if (sample.kind !== "open") return;
      // A source without boot samples still numbers its boots.
      if (sample.boot !== boot) endBoot(report);
      if (isns.length >= OPENING_LENGTH) return;
      if (isns.length === 0) {
        boot = sample.boot;
        timeUs = sample.timeUs;
      }
      isns.push(sample.isn);
    },
    finish(report) {
      endBoot(report);
      if (openings.conclusive) return { judged: openings.judged };
      const open =
        openings.judged === 0
          ? "connections of at least two boots are needed; name the boots (--boot-gap, --boots-at) if there were some"
          : "too few connections per boot to tell a repeat from chance: two a boot, or three boots, are enough";
      return { judged: openings.judged, open };
    },
  };
}
