/** What a rule is, and what it is given. Each rule is one file in `rules/`, named after its id. */
import type { Sample } from "../core/sample.ts";
import type { Tuple } from "../core/tuple.ts";

export const RULE_IDS = [
  "isn-reuse",
  "isn-backward",
  "isn-window",
  "isn-repeats-after-boot",
  "isn-predictable",
  "tsval-backward",
  "port-reuse",
  "port-repeats-after-boot",
  "port-predictable",
  "quiet-time",
  "refused",
  "reboot-unproven",
  "wear",
] as const;

export type RuleId = (typeof RULE_IDS)[number];

/** One breach, with its evidence. Numbers are u32; `distance` is signed, mod 2^32. */
export interface Finding {
  readonly rule: RuleId;
  readonly boot: number;
  readonly timeUs: number;
  readonly tuple?: Tuple;
  /** The older number (last ISN, next number, port, TSval, …). */
  readonly before?: number;
  /** The newer number, the one that breaks the rule. */
  readonly after?: number;
  /** Signed distance from `before` to `after` mod 2^32. */
  readonly distance?: number;
  /** Time between the two events, in microseconds. */
  readonly elapsedUs?: number;
  /** One sentence: what happened and why it matters. */
  readonly detail: string;
  /** Frame number in the capture, counted from 1. */
  readonly frame?: number;
}

/** What the rules know of the setting: lifetimes, not verdicts. */
export interface CheckContext {
  /** 2 × MSL in microseconds: how long old segments and peer state live (RFC 9293 §3.4.3). */
  readonly twoMslUs: number;
}

/** The connection that used the same tuple before, while it can still matter. */
export interface Incarnation {
  readonly boot: number;
  readonly openedUs: number;
  readonly isn: number;
  /** One past the highest sequence number used so far. */
  readonly next: number;
  /** When it was last heard of. */
  readonly lastUs: number;
  readonly tsval: number | undefined;
  readonly portChoice: "allocated" | "bound" | "unknown";
}

/** What the engine hands a rule with each sample. */
export interface Observation {
  readonly sample: Sample;
  /** For `open`: the incarnation of the same tuple before this one, if it lived within 2 × MSL. */
  readonly previous: Incarnation | undefined;
}

export interface RuleOutcome {
  /** How many comparisons were made; 0 means that there was no evidence. */
  readonly judged: number;
  /** Set when the rule could not be judged (or not fully): why, and what would settle it. */
  readonly open?: string;
}

export interface RuleJudge {
  /** Looks at one sample; reports breaches through `report`, at once. */
  observe(observation: Observation, report: (finding: Finding) => void): void;
  /** Called once at the end; statistical rules report here. */
  finish(report: (finding: Finding) => void): RuleOutcome;
}

export interface Rule {
  readonly id: RuleId;
  /** When it holds, in one sentence. */
  readonly holds: string;
  /** RFC clause or paper. */
  readonly clause: string;
  /** What the firmware author does about it, in one sentence. */
  readonly remedy: string;
  start(context: CheckContext): RuleJudge;
}
