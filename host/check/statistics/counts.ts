/** Sums of all statistics: collected from a device, added up over devices and shards, judged. */

import type { Sample } from "../../core/sample.ts";
import type { CheckContext } from "../rule.ts";
import { Openings } from "./openings.ts";
import {
  FALSE_ALARM_RATE,
  type Statistic,
  type StatisticCounter,
  type StatisticId,
  type StatisticKind,
} from "./statistic.ts";
import { STATISTICS } from "./statistics.ts";

/** Plain JSON: the sums of each statistic, as many as its kind keeps. */
export type StatisticsCounts = Readonly<Partial<Record<StatisticId, readonly number[]>>>;

/** Connections of a device that are looked at: enough for every limit, and the rest costs nothing. */
const CONNECTIONS_MAX = 200_000;

/** Looks at the samples of ONE device, in order of time. Memory and work are bounded. */
export class StatisticsCollector {
  #left = CONNECTIONS_MAX;
  readonly #openings = new Openings();
  readonly #counters: readonly (readonly [StatisticKind, StatisticCounter])[];

  constructor(context: CheckContext) {
    this.#counters = STATISTICS.map((kind) => [kind, kind.start(context)] as const);
  }

  observe(sample: Sample): void {
    if (this.#left === 0) return;
    const opening = this.#openings.take(sample);
    if (opening === undefined) return;
    this.#left--;
    for (const [, counter] of this.#counters) counter.add(opening);
  }

  get counts(): StatisticsCounts {
    return Object.fromEntries(
      this.#counters.map(([{ id }, { counts }]) => [id, counts.map(dyadic)]),
    );
  }
}

/** Sums in steps of 2^-20 stay exact below 2^33, so that no order of addition shows. */
function dyadic(sum: number): number {
  return Number.isInteger(sum) ? sum : Math.round(sum * 2 ** 20) / 2 ** 20;
}

/** The sums of two devices, or of two shards. The order does not matter. */
export function addCounts(one: StatisticsCounts, other: StatisticsCounts): StatisticsCounts {
  if (Object.keys(other).length === 0) return one;
  return Object.fromEntries(
    STATISTICS.map(({ id, size }) => {
      const sums = new Array<number>(size).fill(0);
      for (const counts of [one[id], other[id]]) {
        counts?.forEach((count, i) => {
          if (i < size) sums[i] = (sums[i] ?? 0) + count;
        });
      }
      return [id, sums];
    }),
  );
}

/**
 * What the sums say, one line a statistic. `falseAlarmRate`: how often a good device may raise an
 * alarm, at most, per statistic.
 */
export function judgeStatistics(
  counts: StatisticsCounts,
  falseAlarmRate: number = FALSE_ALARM_RATE,
): Statistic[] {
  return STATISTICS.map((kind) => {
    const sums = counts[kind.id] ?? new Array<number>(kind.size).fill(0);
    const { value, sampleSize, limit, lnChance } = kind.judge(sums);
    const enough = value !== undefined && sampleSize >= kind.sampleSizeMin;
    const { id, name, unit, explanation, source, rule } = kind;
    return {
      id,
      name,
      ...(enough ? { value } : {}),
      unit,
      limit: enough ? limit : `needs ${kind.sampleSizeMin} samples`,
      sampleSize,
      chance: enough ? Math.min(1, Math.exp(lnChance)) : 1,
      falseAlarmRate,
      verdict: !enough ? "open" : lnChance < Math.log(falseAlarmRate) ? "fail" : "pass",
      explanation,
      source,
      ...(rule === undefined ? {} : { rule }),
    };
  });
}
