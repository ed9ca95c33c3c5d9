/**
 * port-repeats-after-boot: the first 8 allocated ports of a boot are not those of one of the 32 boots
 * before it. Ports that the application bound do not count (boundness.ts). Only 32 boots are looked
 * at, as a good port ring comes round in the end: after (range / lease) boots at the earliest.
 *
 * Nor are boots before a loss of storage, if the device then kept quiet for 2 × MSL: what it counted is
 * lost, its key may be the old one (a part of the journal survived, or the entropy source repeats
 * itself), and its ports may come again, because no server holds their connections any more. A device
 * that speaks sooner is held to the earlier boots.
 *
 * False alarms: two good ports are equal with a chance of at most 2 / pool (port-chance.ts); a run
 * reports with a chance below 10^-11 (see boot-openings.ts). A generator that starts at a random port
 * and then counts upwards is no good device (`port-predictable`), and may be reported here as well.
 */
import type { OpenSample } from "../../core/sample.ts";
import { BootOpenings, OPENING_LENGTH } from "../boot-openings.ts";
import { Boundness, LOOKS_BOUND } from "../boundness.ts";
import { formatChance } from "../chance.ts";
import { PortChance } from "../port-chance.ts";
import type { CheckContext, Report, Rule, RuleJudge } from "../rule.ts";

/** Earlier boots that are remembered. */
const BOOTS_REMEMBERED = 32;
/** Opens looked at per boot for up to 8 allocated ports. */
const OPENS_PER_BOOT = 32;

export const portRepeatsAfterBoot: Rule = {
  id: "port-repeats-after-boot",
  holds: "the first allocated ports of a boot are not those of an earlier boot",
  clause: "RFC 6056 §3.1, §3.3",
  remedy: "persist the allocation counter, leased ahead, instead of starting at the same port",
  sees: ["boot", "open", "storage-lost"],
  start: judge,
};

function judge({ ports: pool, twoMslUs }: CheckContext): RuleJudge {
  const openings = new BootOpenings(BOOTS_REMEMBERED);
  const boundness = new Boundness();
  const portChance = new PortChance(pool);
  let boot = 0;
  let opens: OpenSample[] = [];
  let lostUs: number | undefined;

  function endBoot(report: Report): void {
    // Only now is it known which destinations got more than one port.
    const allocated = opens.filter((open) => boundness.allocated(open)).slice(0, OPENING_LENGTH);
    opens = [];
    const first = allocated[0];
    if (first === undefined) return;
    const numbers = allocated.map((open) => open.tuple.localPort);
    for (const port of numbers) portChance.note(port);
    const { timeUs } = first;
    const repeat = openings.add({ boot, timeUs, numbers }, portChance.chance);
    if (repeat === undefined) return;
    const port = repeat.same[0];
    report({
      rule: "port-repeats-after-boot",
      boot,
      timeUs,
      ...(port === undefined ? {} : { before: port, after: port, distance: 0 }),
      elapsedUs: timeUs - repeat.earlier.timeUs,
      detail: `${repeat.same.length} of the first ${numbers.length} ports are those of boot ${repeat.earlier.boot}, in the same places (${repeat.same.slice(0, 4).join(", ")}${repeat.same.length > 4 ? ", …" : ""}); by chance ${formatChance(repeat.lnChance)}`,
    });
  }

  return {
    observe({ sample }, report) {
      if (sample.kind === "boot" || sample.kind === "storage-lost") endBoot(report);
      if (sample.kind === "storage-lost") lostUs = sample.timeUs;
      if (sample.kind !== "open") return;
      if (sample.boot !== boot) endBoot(report);
      if (lostUs !== undefined) {
        if (sample.timeUs - lostUs >= twoMslUs) openings.forget();
        lostUs = undefined;
      }
      boot = sample.boot;
      boundness.note(sample);
      if (sample.portChoice !== "bound" && opens.length < OPENS_PER_BOOT) opens.push(sample);
    },
    finish(report) {
      endBoot(report);
      if (openings.conclusive) return { judged: openings.judged };
      const open =
        openings.judged === 0 && openings.retained === 0
          ? LOOKS_BOUND
          : openings.judged === 0
            ? "allocated ports of at least two boots are needed"
            : "too few allocated ports per boot to tell a repeat from chance; run more boots";
      return { judged: openings.judged, open };
    },
  };
}
