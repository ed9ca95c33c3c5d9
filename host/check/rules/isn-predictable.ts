/**
 * isn-predictable: the ISN of a tuple that was not seen before cannot be told from the ISNs that
 * were. ISNs of new tuples are collected in blocks of 4096 and tested (isn-predictors.ts) after 12,
 * 16, 32, 64, … samples and at the end; the first predictor that works is reported, once.
 *
 * False alarms: a good ISN is uniform and independent (isn-sequence.ts), every test has a proven
 * bound of 10^-15, and there are fewer than 250 tests at each of 10 looks at 4096 samples: below
 * 10^-9 per million connections. It cannot see a sound-looking generator with a fixed seed in one
 * boot; `isn-repeats-after-boot` does.
 */
import type { OpenSample } from "../../core/sample.ts";
import { formatChance, LN_ALPHA } from "../chance.ts";
import { ISN_PREDICTORS } from "../isn-predictors.ts";
import { BLOCK_SIZE, IsnSequence } from "../isn-sequence.ts";
import type { Finding, Report, Rule, RuleJudge } from "../rule.ts";

/** Fewer ISNs of new tuples than this leave the rule open. */
const ISNS_MIN = 12;

export const isnPredictable: Rule = {
  id: "isn-predictable",
  holds: "the ISNs of other tuples do not follow from observed ones",
  clause: "RFC 6528 §3, RFC 9293 §3.4.1",
  remedy: "add a keyed hash of the 4-tuple (SipHash-2-4, a secret 128-bit key) to the ISN clock",
  sees: ["open"],
  start: judge,
};

function place(sample: OpenSample, before: number | undefined): Omit<Finding, "detail"> {
  return {
    rule: "isn-predictable",
    boot: sample.boot,
    timeUs: sample.timeUs,
    tuple: sample.tuple,
    ...(before === undefined ? {} : { before, distance: (sample.isn - before) | 0 }),
    after: sample.isn,
    ...(sample.frame === undefined ? {} : { frame: sample.frame }),
  };
}

function judge(): RuleJudge {
  const sequence = new IsnSequence();
  let judged = 0;
  let found = false;
  /** The newest ISN looked at, and the one before it. */
  let last: OpenSample | undefined;
  let before: number | undefined;

  function look(report: Report): void {
    if (found || last === undefined) return;
    for (const predict of ISN_PREDICTORS) {
      const { lnChance, how } = predict(sequence.block);
      if (lnChance >= LN_ALPHA) continue;
      found = true;
      report({ ...place(last, before), detail: `${how}; by chance ${formatChance(lnChance)}` });
      return;
    }
  }

  return {
    observe({ sample }, report) {
      if (sample.kind !== "open") return;
      if (!sequence.add(sample)) return;
      judged++;
      before = last?.isn;
      last = sample;
      const size = sequence.block.isns.length;
      if (size === ISNS_MIN || (size >= 16 && (size & (size - 1)) === 0)) look(report);
      if (size >= BLOCK_SIZE) sequence.nextBlock();
    },
    finish(report) {
      look(report);
      if (judged >= ISNS_MIN) return { judged };
      return {
        judged,
        open: `ISNs of ${ISNS_MIN} different tuples are needed, ${judged} were seen`,
      };
    },
  };
}
