/** Runs one rule over a stream of samples. */
import { Check, type CheckResult } from "../../host/check/engine.ts";
import type { CheckContext, RuleId } from "../../host/check/rule.ts";
import { ruleById } from "../../host/check/rules/index.ts";
import type { Sample } from "../../host/core/sample.ts";
import { CONTEXT } from "./sample-streams.ts";

export function judge(id: RuleId, samples: Iterable<Sample>, more: Partial<CheckContext> = {}) {
  const check = new Check({ rules: [ruleById(id)], context: { ...CONTEXT, ...more } });
  for (const sample of samples) check.observe(sample);
  return check.finish();
}

/** The result of the one rule that ran. */
export function only(result: CheckResult) {
  const rule = result.rules[0];
  if (rule === undefined) throw new Error("no rule ran");
  return rule;
}
