/** Runs rules over a stream of samples and comes to a verdict. Pure: it neither reads nor prints. */
import type { Sample } from "../core/sample.ts";
import { tupleKey } from "../core/tuple.ts";
import { Incarnations } from "./incarnations.ts";
import type { CheckContext, Finding, Incarnation, Rule, RuleId, RuleJudge } from "./rule.ts";

/** Findings kept per rule; all are counted. */
export const FINDINGS_PER_RULE_MAX = 100;

export type Verdict = "pass" | "fail" | "inconclusive";

export interface RuleResult {
  readonly id: RuleId;
  readonly status: "pass" | "fail" | "open";
  /** Whether the verdict needs this rule: an open one then makes it inconclusive. */
  readonly asked: boolean;
  /** Comparisons made. */
  readonly judged: number;
  /** Breaches counted; at most FINDINGS_PER_RULE_MAX of them are in `findings`. */
  readonly findings: number;
  /** Why it is open. */
  readonly reason?: string;
  readonly holds: string;
  readonly clause: string;
  readonly remedy: string;
}

export interface CheckCounts {
  readonly samples: number;
  /** Boots seen; a stream that starts in mid-life counts its first one as well. */
  readonly boots: number;
  readonly connections: number;
  readonly refusals: number;
  readonly storageLosses: number;
  readonly findings: number;
}

export interface CheckResult {
  readonly verdict: Verdict;
  readonly rules: readonly RuleResult[];
  /** In order of discovery. */
  readonly findings: readonly Finding[];
  readonly counts: CheckCounts;
  readonly notes: readonly string[];
}

export interface CheckOptions {
  /** Rules to run. */
  readonly rules: readonly Rule[];
  /** Rules that must be judged for a pass; default: all that run. */
  readonly asked?: readonly RuleId[];
  readonly context: CheckContext;
}

export interface CheckEnding {
  readonly notes?: readonly string[];
  /** The stream ended before its time (a capture cut short, an interrupt): never a pass. */
  readonly incomplete?: boolean;
}

const NO_HISTORY: readonly Incarnation[] = [];

/** One run: `observe` each sample in order of time, then `finish` once. */
export class Check {
  readonly #incarnations: Incarnations;
  readonly #judges: readonly { readonly rule: Rule; readonly judge: RuleJudge }[];
  /** The judges that a sample is shown to, by its kind: most rules look at one or two of them. */
  readonly #judgesOf = new Map<Sample["kind"], RuleJudge[]>();
  readonly #asked: ReadonlySet<RuleId>;
  readonly #findings: Finding[] = [];
  readonly #counted = new Map<RuleId, number>();
  #samples = 0;
  #boots = 0;
  #bootNow: number | undefined;
  #connections = 0;
  #refusals = 0;
  #storageLosses = 0;
  #found = 0;

  constructor(options: CheckOptions) {
    this.#incarnations = new Incarnations(options.context.twoMslUs);
    this.#judges = options.rules.map((rule) => ({ rule, judge: rule.start(options.context) }));
    for (const { rule, judge } of this.#judges) {
      for (const kind of rule.sees) {
        const judges = this.#judgesOf.get(kind);
        if (judges === undefined) this.#judgesOf.set(kind, [judge]);
        else judges.push(judge);
      }
    }
    this.#asked = new Set(options.asked ?? options.rules.map((rule) => rule.id));
  }

  /** Tuples and incarnations in memory now; follows the connection rate, not the stream. */
  get retained(): { tuples: number; incarnations: number } {
    return this.#incarnations.retained;
  }

  get counts(): CheckCounts {
    let findings = 0;
    for (const count of this.#counted.values()) findings += count;
    return {
      samples: this.#samples,
      boots: this.#boots,
      connections: this.#connections,
      refusals: this.#refusals,
      storageLosses: this.#storageLosses,
      findings,
    };
  }

  /** Returns how many breaches the sample brought to light. */
  observe(sample: Sample): number {
    const before = this.#found;
    this.#count(sample);
    this.#incarnations.advance(sample.timeUs);
    if (sample.kind !== "open" && sample.kind !== "used") {
      this.#judge(sample, NO_HISTORY);
      return this.#found - before;
    }
    const key = tupleKey(sample.tuple);
    this.#judge(sample, this.#incarnations.of(key));
    if (sample.kind === "open") this.#incarnations.open(sample, key);
    else this.#incarnations.used(sample, key);
    return this.#found - before;
  }

  finish(ending: CheckEnding = {}): CheckResult {
    const rules = this.#judges.map(({ rule, judge }): RuleResult => {
      const outcome = judge.finish(this.#report);
      const findings = this.#counted.get(rule.id) ?? 0;
      const { id, holds, clause, remedy } = rule;
      const status = findings > 0 ? "fail" : outcome.open === undefined ? "pass" : "open";
      const reason = status === "open" && outcome.open !== undefined ? outcome.open : undefined;
      return {
        id,
        status,
        asked: this.#asked.has(id),
        judged: outcome.judged,
        findings,
        ...(reason === undefined ? {} : { reason }),
        holds,
        clause,
        remedy,
      };
    });
    return {
      verdict: verdictOf(rules, ending.incomplete ?? false),
      rules,
      findings: this.#findings,
      counts: this.counts,
      notes: ending.notes ?? [],
    };
  }

  #judge(sample: Sample, history: readonly Incarnation[]): void {
    const judges = this.#judgesOf.get(sample.kind);
    if (judges === undefined) return;
    const observation = { sample, history };
    for (const judge of judges) judge.observe(observation, this.#report);
  }

  #report = (finding: Finding): void => {
    const count = (this.#counted.get(finding.rule) ?? 0) + 1;
    this.#counted.set(finding.rule, count);
    this.#found++;
    if (count <= FINDINGS_PER_RULE_MAX) this.#findings.push(finding);
  };

  #count(sample: Sample): void {
    this.#samples++;
    if (sample.boot !== this.#bootNow) {
      this.#bootNow = sample.boot;
      this.#boots++;
    }
    if (sample.kind === "open") this.#connections++;
    else if (sample.kind === "refused") this.#refusals++;
    else if (sample.kind === "storage-lost") this.#storageLosses++;
  }
}

/** Runs a whole stream. */
export async function checkSamples(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  options: CheckOptions,
  ending: () => CheckEnding = () => ({}),
): Promise<CheckResult> {
  const check = new Check(options);
  for await (const sample of samples) check.observe(sample);
  return check.finish(ending());
}

/** A breach fails; a rule that was asked for and stayed open, or half a stream, leaves it undecided. */
function verdictOf(rules: readonly RuleResult[], incomplete: boolean): Verdict {
  if (rules.some((rule) => rule.status === "fail")) return "fail";
  if (incomplete || rules.some((rule) => rule.asked && rule.status === "open")) {
    return "inconclusive";
  }
  return "pass";
}
