/** What alarms mean for a verdict: they break no rule, and they let none pass either. */
import type { CheckResult } from "../check/engine.ts";
import type { Statistic } from "./statistic.ts";

/**
 * The result with the statistics weighed in. A pass becomes inconclusive when a statistic raises an
 * alarm that is about the same weakness as a rule that was asked for; other results stay as they are.
 */
export function weighStatistics(
  result: CheckResult,
  statistics: readonly Statistic[],
): CheckResult {
  const asked = new Set(result.rules.filter((rule) => rule.asked).map((rule) => rule.id));
  const alarms = statistics.filter(
    ({ verdict, rule }) => verdict === "fail" && rule !== undefined && asked.has(rule),
  );
  if (alarms.length === 0 || result.verdict !== "pass") return result;
  const note = `no rule was broken, but ${alarms.map(({ id }) => id).join(", ")} raised an alarm (docs/statistics.md): the numbers are weaker than chance allows`;
  return { ...result, verdict: "inconclusive", notes: [...result.notes, note] };
}
