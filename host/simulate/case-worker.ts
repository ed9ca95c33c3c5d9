/** A worker thread: runs the canaries and the ranges of cases that it is handed, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import type { Campaign } from "./campaign.ts";
import { runCanary } from "./canary.ts";
import { caseRunner } from "./case-runner.ts";
import type { CanaryResult } from "./simulate-run.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

/** Cases from … to − 1. */
export interface CaseSpan {
  readonly from: number;
  readonly to: number;
}

/** What a worker is handed: cases, or the name of a canary. */
export type CaseJob = CaseSpan | { readonly canary: string };
/** What it gives back, for the one and for the other. */
export type CaseAnswer = { readonly totals: Totals } | { readonly canary: CanaryResult };

const campaign = workerData as Campaign;
const runner = caseRunner(campaign);

parentPort?.on("message", (job: CaseJob) => parentPort?.postMessage(answerTo(job)));

function answerTo(job: CaseJob): CaseAnswer {
  if ("canary" in job) return { canary: runCanary(campaign, job.canary) };
  const totals = noTotals();
  for (let index = job.from; index < job.to; index++) addTotals(totals, runner.run(index));
  return { totals };
}
