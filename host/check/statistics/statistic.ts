/**
 * What a statistic is: evidence on how well numbers are hidden, next to the rules of `check`. A rule
 * names one breach; a statistic describes all connections of a run, with its limit and its chance.
 *
 * Each keeps sums only (`counts`), so that devices and shards are joined by adding them up, and the
 * memory is the same after ten connections and after ten million.
 */
import type { CheckContext, RuleId } from "../rule.ts";
import type { Opening } from "./openings.ts";

/**
 * A good device shows what a statistic calls an alarm with at most this chance, per statistic and
 * run. The bounds are proven (host/check/chance.ts), so the real rate is lower.
 */
export const FALSE_ALARM_RATE = 1e-9;

export const STATISTIC_IDS = [
  "nmap-sp",
  "nmap-gcd",
  "nmap-isr",
  "tuple-slope",
  "tuple-independence",
  "isn-entropy",
  "attractor",
  "first-numbers",
  "port-spread",
  "port-serial-correlation",
  "destination-linking",
] as const;

export type StatisticId = (typeof STATISTIC_IDS)[number];

/** What the counts of a statistic come to. */
export interface Judgement {
  /** The figure itself, in the statistic's unit; absent with too little evidence. */
  readonly value?: number;
  /** How many independent pieces of evidence the value rests on. */
  readonly sampleSize: number;
  /** The limit in words, for this sample size. */
  readonly limit: string;
  /** ln of a bound on the chance of counts this bad on a good device; −Infinity: impossible there. */
  readonly lnChance: number;
}

/** Collects one statistic over the life of one device. */
export interface StatisticCounter {
  add(opening: Opening): void;
  /** Sums so far; always as many as the kind's `size`. */
  readonly counts: readonly number[];
}

export interface StatisticKind {
  readonly id: StatisticId;
  readonly name: string;
  /** Unit of the value; empty for a pure number. */
  readonly unit: string;
  /** Paper, RFC clause or program that it comes from. */
  readonly source: string;
  /** One sentence for people: what the value means, and what is good. */
  readonly explanation: string;
  /** The rule that the same weakness breaks; absent when no rule is about it. */
  readonly rule?: RuleId;
  /** How many counts it keeps. */
  readonly size: number;
  /** Fewer pieces of evidence than this say nothing. */
  readonly sampleSizeMin: number;
  start(context: CheckContext): StatisticCounter;
  judge(counts: readonly number[]): Judgement;
}

/** One line of a report. Plain data. */
export interface Statistic {
  readonly id: StatisticId;
  readonly name: string;
  /** Absent: there were too few samples. */
  readonly value?: number;
  readonly unit: string;
  readonly limit: string;
  readonly sampleSize: number;
  /** Bound on the chance of a value this bad on a good device, 0 … 1. */
  readonly chance: number;
  /** Chance of an alarm on a good device, at most. */
  readonly falseAlarmRate: number;
  /** `fail`: an alarm; `open`: too few samples. */
  readonly verdict: "pass" | "fail" | "open";
  readonly explanation: string;
  readonly source: string;
  readonly rule?: RuleId;
}
