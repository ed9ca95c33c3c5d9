/**
 * A worker thread: takes the next job that no thread has taken yet, until none is left, and ends. What
 * it has found it tells at intervals, so that no thread ever waits for another.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Campaign } from "./campaign.ts";
import { runCanary } from "./canary.ts";
import { caseRunner } from "./case-runner.ts";
import type { CaseSpan } from "./shard.ts";
import type { CanaryResult } from "./simulate-run.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

/** What all threads share: the jobs are the cases of the span, and the canaries behind them. */
export interface CaseWork {
  readonly campaign: Campaign;
  readonly span: CaseSpan;
  readonly canaries: readonly string[];
  /** Shared memory; word 0 is the number of jobs taken so far. */
  readonly taken: Int32Array;
}

/** What a thread tells: what its cases came to since it last told, or the state of a canary. */
export type CaseNews =
  | { readonly totals: Totals }
  | { readonly started: string }
  | { readonly canary: CanaryResult };

/** Often enough for a line of progress, rarely enough to cost nothing. */
const NEWS_MS = 200;

runJobs(workerData as CaseWork);

function runJobs({ campaign, span, canaries, taken }: CaseWork): void {
  const runner = caseRunner(campaign);
  const cases = span.to - span.from;
  let totals = noTotals();
  let toldMs = performance.now();
  const tellTotals = () => {
    if (totals.counts.cases > 0) tell({ totals });
    totals = noTotals();
    toldMs = performance.now();
  };
  for (;;) {
    const job = Atomics.add(taken, 0, 1);
    if (job < cases) {
      addTotals(totals, runner.run(span.from + job));
      if (performance.now() - toldMs >= NEWS_MS) tellTotals();
      continue;
    }
    tellTotals();
    const name = canaries[job - cases];
    if (name === undefined) return;
    tell({ started: name });
    tell({ canary: runCanary(campaign, name) });
  }
}

function tell(news: CaseNews): void {
  parentPort?.postMessage(news);
}
