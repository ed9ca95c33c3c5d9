/** Runs a campaign to its end, or until it is interrupted, and gives the document. */
import type { Campaign } from "./campaign.ts";
import { canariesOf } from "./canary.ts";
import { explainFailure } from "./explain-failure.ts";
import { finishRun, spanningFailures, withSpanning } from "./finish-run.ts";
import { runReplay } from "./replay.ts";
import { runCases } from "./run-cases.ts";
import { type Shard, spanOf } from "./shard.ts";
import type { SimulateFailure, SimulateRun } from "./simulate-run.ts";
import type { Totals } from "./totals.ts";

export interface SimulateOptions {
  readonly campaign: Campaign;
  readonly shard?: Shard;
  readonly workers: number;
  /** What is going on, for a line on the terminal. */
  readonly onProgress?: (stage: SimulateStage) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds of a clock that does not go back, and the date. */
  readonly nowMs: () => number;
  readonly startedAt: Date;
}

export type SimulateStage =
  | {
      readonly stage: "cases";
      readonly done: number;
      readonly of: number;
      readonly reboots: number;
    }
  | { readonly stage: "canary"; readonly generator: string }
  | { readonly stage: "shrink"; readonly rule: string };

export async function simulate(options: SimulateOptions): Promise<SimulateRun> {
  const { campaign, shard, workers, onProgress, signal, nowMs } = options;
  const startMs = nowMs();
  const span = spanOf(shard, campaign.total);
  const due = canariesOf(campaign);
  const { totals, canaries } = await runCases(campaign, {
    span,
    workers,
    canaries: due,
    ...(signal === undefined ? {} : { signal }),
    onCanary: (generator) => onProgress?.({ stage: "canary", generator }),
    onProgress: ({ counts }) =>
      onProgress?.({
        stage: "cases",
        done: counts.cases,
        of: span.to - span.from,
        reboots: counts.reboots,
      }),
  });
  // Start and canaries included: what one waits for.
  const elapsedMs = nowMs() - startMs;
  // A canary that did not get its turn has proved nothing.
  const complete = totals.counts.cases === span.to - span.from && canaries.length === due.length;
  const failures = failuresOf(options, totals);
  return finishRun({
    campaign,
    cases: {
      total: campaign.total,
      first: span.from,
      count: totals.counts.cases,
      ...(shard === undefined ? {} : { shard: `${shard.index}/${shard.of}` }),
      complete,
    },
    totals,
    failures,
    canaries,
    notes: complete ? [] : ["the run was interrupted; what was seen until then is reported"],
    replay: runReplay(campaign),
    timing: {
      elapsedMs: Math.round(nowMs() - startMs),
      workers,
      rebootsPerSecond: Math.round((totals.counts.reboots / Math.max(1, elapsedMs)) * 1000),
      startedAt: options.startedAt.toISOString(),
    },
  });
}

function failuresOf({ campaign, onProgress }: SimulateOptions, totals: Totals): SimulateFailure[] {
  const own = totals.failures.map((failure) => {
    onProgress?.({ stage: "shrink", rule: failure.rule });
    return explainFailure(campaign, failure);
  });
  return withSpanning(own, spanningFailures(totals, runReplay(campaign)));
}
