/**
 * Makes a failing case small: leaves out boots, connections and faults for as long as the same rule
 * still breaks (delta debugging, A. Zeller, "Simplifying and Isolating Failure-Inducing Input", 2002).
 * Deterministic: it counts runs, not time.
 */
import type { CheckResult } from "../check/engine.ts";
import type { RuleId } from "../check/rule.ts";
import type { DeviceFactory } from "../virtual/device.ts";
import type { LifeScript } from "../virtual/life-script.ts";
import { everything, type KeptBoot, keepOnly } from "./case-text.ts";
import { judgeLife } from "./judge-life.ts";
import { LIFE_RULES } from "./rules/index.ts";

/** Lives that are tried at most. */
const RUNS_MAX = 1_500;

export interface Shrunk {
  readonly kept: readonly KeptBoot[];
  /** What the rule says of the small case. */
  readonly result: CheckResult;
  /** Lives that were tried. */
  readonly runs: number;
}

/** Undefined when the case does not break the rule at all. */
export function shrink(
  script: LifeScript,
  factory: DeviceFactory,
  rule: RuleId,
): Shrunk | undefined {
  const search = new Search(script, factory, rule);
  const whole = everything(script);
  const first = search.breaks(whole);
  if (first === undefined) return undefined;
  return search.smallest(whole, first);
}

class Search {
  readonly #script: LifeScript;
  readonly #factory: DeviceFactory;
  readonly #rule: RuleId;
  readonly #rules;
  #runs = 0;

  constructor(script: LifeScript, factory: DeviceFactory, rule: RuleId) {
    this.#script = script;
    this.#factory = factory;
    this.#rule = rule;
    this.#rules = LIFE_RULES.filter((one) => one.id === rule);
  }

  /** The result when what is kept still breaks the rule. */
  breaks(kept: readonly KeptBoot[]): CheckResult | undefined {
    this.#runs++;
    const script = keepOnly(this.#script, kept);
    const { result } = judgeLife(script, this.#factory, { rules: this.#rules });
    return result.findings.some((one) => one.rule === this.#rule) ? result : undefined;
  }

  smallest(whole: readonly KeptBoot[], first: CheckResult): Shrunk {
    let kept = whole;
    let result = first;
    const take = (smaller: readonly KeptBoot[]): boolean => {
      if (this.#runs >= RUNS_MAX) return false;
      const found = this.breaks(smaller);
      if (found === undefined) return false;
      kept = smaller;
      result = found;
      return true;
    };
    // What comes after the breach did not cause it.
    const lastBoot = first.findings[0]?.boot ?? 0;
    take(kept.filter(({ boot }) => boot <= lastBoot));
    for (let size = Number.POSITIVE_INFINITY; sizeOf(kept) < size; ) {
      size = sizeOf(kept);
      leaveOut(
        () => kept.length,
        (from, to) => take(without(kept, from, to)),
      );
      leaveOut(
        () => countOf(kept, "connections"),
        (from, to) => take(withoutParts(kept, "connections", from, to)),
      );
      leaveOut(
        () => countOf(kept, "faults"),
        (from, to) => take(withoutParts(kept, "faults", from, to)),
      );
    }
    return { kept, result, runs: this.#runs };
  }
}

/** Tries to leave out pieces, from halves down to single ones, last ones first. */
function leaveOut(count: () => number, attempt: (from: number, to: number) => boolean): void {
  for (let piece = Math.ceil(count() / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let to = count(); to > 0; to -= piece) attempt(Math.max(0, to - piece), to);
  }
}

function without<T>(items: readonly T[], from: number, to: number): T[] {
  return items.filter((_, i) => i < from || i >= to);
}

function countOf(kept: readonly KeptBoot[], part: "connections" | "faults"): number {
  return kept.reduce((sum, boot) => sum + boot[part].length, 0);
}

/** Leaves out connections or faults number from … to − 1, counted over all boots. */
function withoutParts(
  kept: readonly KeptBoot[],
  part: "connections" | "faults",
  from: number,
  to: number,
): KeptBoot[] {
  let at = 0;
  return kept.map((boot) => {
    const left = boot[part].filter(() => {
      const here = at++;
      return here < from || here >= to;
    });
    return { ...boot, [part]: left };
  });
}

function sizeOf(kept: readonly KeptBoot[]): number {
  return kept.length + countOf(kept, "connections") + countOf(kept, "faults");
}
