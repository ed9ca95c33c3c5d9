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

/** Rules that need to see both ends, or all devices: only `isnkit simulate` judges them. */
export const SIMULATION_RULE_IDS = [
  "connect-first-syn",
  "stale-byte",
  "liveness",
  "memory-contract",
  "key-kept",
  "isn-repeats-between-devices",
] as const;

export type RuleId = (typeof RULE_IDS)[number] | (typeof SIMULATION_RULE_IDS)[number];

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

/** The ports that a device may allocate, when the source knows them. Bounds are inclusive. */
export interface PortPool {
  readonly first: number;
  readonly last: number;
  readonly reserved: readonly (readonly [first: number, last: number])[];
}

/** What the rules know of the setting: lifetimes and sight, not verdicts. */
export interface CheckContext {
  /** 2 × MSL in microseconds: how long old segments and peer state live (RFC 9293 §3.4.3). */
  readonly twoMslUs: number;
  /** A board tells of refusals, boot counts and storage; a capture shows packets only. */
  readonly source: "board" | "capture";
  /** Absent when it is not known which ports the device may take. */
  readonly ports?: PortPool;
}

/** A connection that used the same tuple before, while it can still matter. */
export interface Incarnation {
  readonly boot: number;
  readonly openedUs: number;
  readonly isn: number;
  /** One past the highest sequence number used so far: what its server expects next. */
  readonly next: number;
  /** When it was last heard of. */
  readonly lastUs: number;
  /** Highest TSval seen, u32; undefined without timestamps. */
  readonly tsval: number | undefined;
  readonly portChoice: "allocated" | "bound" | "unknown";
}

/** What the engine hands a rule with each sample. */
export interface Observation {
  readonly sample: Sample;
  /**
   * For `open` and `used`: the incarnations of the tuple that were heard of less than 2 × MSL ago,
   * oldest first. For `open` without the new one; for `used` the last is the one that it is about.
   */
  readonly history: readonly Incarnation[];
}

export type Report = (finding: Finding) => void;

export interface RuleOutcome {
  /** How many comparisons were made; 0 means that there was no evidence. */
  readonly judged: number;
  /** Set when the rule could not be judged (or not fully): why, and what would settle it. */
  readonly open?: string;
}

export interface RuleJudge {
  /** Looks at one sample; reports breaches through `report`, at once. */
  observe(observation: Observation, report: Report): void;
  /** Called once at the end; statistical rules may report here. */
  finish(report: Report): RuleOutcome;
}

/** What a rule says of itself. */
export interface RuleText {
  readonly id: RuleId;
  /** When it holds, in one sentence. */
  readonly holds: string;
  /** RFC clause or paper. */
  readonly clause: string;
  /** What the firmware author does about it, in one sentence. */
  readonly remedy: string;
}

export interface Rule extends RuleText {
  /** The kinds of samples that a judge is shown: the others say nothing to it. */
  readonly sees: readonly Sample["kind"][];
  start(context: CheckContext): RuleJudge;
}
