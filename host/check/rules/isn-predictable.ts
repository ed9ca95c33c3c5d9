/**
 * isn-predictable: the ISN of a tuple that was not seen before cannot be told from the ISNs that
 * were. ISNs of new tuples are collected in blocks of 4096 and tested (isn-predictors.ts) after 12,
 * 16, 32, 64, … samples and at the end; the first predictor that works is reported, once.
 *
 * False alarms: a good ISN is uniform and independent (isn-sequence.ts), every test has a proven
 * bound of 10^-15, and there are fewer than 250 tests at each of 10 looks at 4096 samples: below
 * 10^-9 per million connections. It cannot see a sound-looking generator with a fixed seed in one
 * boot; `isn-repeats-after-boot` does. In a capture only connections that stood count: a scanner makes
 * its packets itself, and their numbers are not those of the host's TCP.
 */
import type { OpenSample, Sample } from "../../core/sample.ts";
import { tupleKey } from "../../core/tuple.ts";
import { formatChance, LN_ALPHA } from "../chance.ts";
import { ISN_PREDICTORS } from "../isn-predictors.ts";
import { BLOCK_SIZE, IsnSequence } from "../isn-sequence.ts";
import type { CheckContext, Finding, Report, Rule, RuleJudge } from "../rule.ts";

/** Fewer ISNs of new tuples than this leave the rule open. */
const ISNS_MIN = 12;

export const isnPredictable: Rule = {
  id: "isn-predictable",
  holds: "the ISNs of other tuples do not follow from observed ones",
  clause: "RFC 6528 §3, RFC 9293 §3.4.1",
  remedy: "add a keyed hash of the 4-tuple (SipHash-2-4, a secret 128-bit key) to the ISN clock",
  sees: ["open", "used"],
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

/** Attempts of a capture that wait for their handshake. */
const WAITING_MAX = 4096;

function judge({ source }: CheckContext): RuleJudge {
  const sequence = new IsnSequence();
  let judged = 0;
  let found = false;
  const waiting = new Map<string, OpenSample>();

  /** The attempt, once its connection stands. */
  function stood(sample: Sample): OpenSample | undefined {
    if (sample.kind !== "open" && sample.kind !== "used") return undefined;
    const key = tupleKey(sample.tuple);
    if (sample.kind === "used") {
      const open = sample.stood === true ? waiting.get(key) : undefined;
      if (open !== undefined) waiting.delete(key);
      return open;
    }
    waiting.delete(key);
    if (waiting.size >= WAITING_MAX) waiting.clear();
    waiting.set(key, sample);
    return undefined;
  }

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
    observe({ sample: seen }, report) {
      const sample = source === "capture" ? stood(seen) : seen;
      if (sample?.kind !== "open") return;
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
