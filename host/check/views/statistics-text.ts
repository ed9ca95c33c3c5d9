/** Statistics for people, in the reports that are text. */

import type { Paint } from "../../core/paint.ts";
import { statisticFigure } from "../../report/wording.ts";
import type { Statistic } from "../statistics/statistic.ts";

/** One line when all is well, and one for each alarm. */
export function statisticsLines(statistics: readonly Statistic[], paint: Paint): string[] {
  const judged = statistics.filter(({ verdict }) => verdict !== "open");
  if (judged.length === 0) return [];
  const alarms = judged.filter(({ verdict }) => verdict === "fail");
  const total = `${judged.length} of ${statistics.length} statistics judged`;
  if (alarms.length === 0) return ["", `${total}, no alarm (the figures: --format json)`];
  const lines = alarms.map(
    (alarm) => `  ${paint.bad("alarm")}  ${alarm.id} ${statisticFigure(alarm)}: ${alarm.limit}`,
  );
  return ["", `${total}, ${alarms.length} raised an alarm`, ...lines];
}
