/** All rules, in the order in which reports list them. */
import type { Rule, RuleId } from "../rule.ts";
import { isnBackward } from "./isn-backward.ts";
import { isnPredictable } from "./isn-predictable.ts";
import { isnRepeatsAfterBoot } from "./isn-repeats-after-boot.ts";
import { isnReuse } from "./isn-reuse.ts";
import { isnWindow } from "./isn-window.ts";
import { portPredictable } from "./port-predictable.ts";
import { portRepeatsAfterBoot } from "./port-repeats-after-boot.ts";
import { portReuse } from "./port-reuse.ts";
import { quietTime } from "./quiet-time.ts";
import { rebootUnproven } from "./reboot-unproven.ts";
import { refused } from "./refused.ts";
import { tsvalBackward } from "./tsval-backward.ts";
import { wear } from "./wear.ts";

export const RULES: readonly Rule[] = [
  isnReuse,
  isnBackward,
  isnWindow,
  isnRepeatsAfterBoot,
  isnPredictable,
  tsvalBackward,
  portReuse,
  portRepeatsAfterBoot,
  portPredictable,
  quietTime,
  refused,
  rebootUnproven,
  wear,
];

/** What a capture is always asked: the rest needs evidence that it may not hold. */
export const CAPTURE_RULES: readonly RuleId[] = ["isn-reuse", "isn-backward", "isn-window"];

/** The rule with this id. */
export function ruleById(id: RuleId): Rule {
  const rule = RULES.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`rule ${id} is declared but not built`);
  return rule;
}
