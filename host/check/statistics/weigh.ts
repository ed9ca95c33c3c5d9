/** What alarms mean for a verdict: they break no rule, and they let none pass either. */
import type { CheckResult } from "../engine.ts";
import type { RuleId } from "../rule.ts";
import type { Statistic, StatisticId } from "./statistic.ts";

/**
 * The result with the statistics weighed in. A pass becomes inconclusive when a statistic raises an
 * alarm that is about the same weakness as a rule that was asked for; other results stay as they are.
 */
export function weighStatistics(
  result: CheckResult,
  statistics: readonly Statistic[],
): CheckResult {
  const asked = new Set(result.rules.filter((rule) => rule.asked).map((rule) => rule.id));
  const alarms = alarmsOver(statistics, asked);
  if (alarms.length === 0 || result.verdict !== "pass") return result;
  const note = `no rule was broken, but ${alarms.join(", ")} raised an alarm (docs/statistics.md): the numbers are weaker than chance allows`;
  return { ...result, verdict: "inconclusive", notes: [...result.notes, note] };
}

/** The statistics that raised an alarm about the weakness of one of these rules. */
export function alarmsOver(
  statistics: readonly Statistic[],
  rules: ReadonlySet<RuleId>,
): StatisticId[] {
  return statistics
    .filter(({ verdict, rule }) => verdict === "fail" && rule !== undefined && rules.has(rule))
    .map(({ id }) => id);
}
