/** A worker thread: runs the ranges of cases that it is handed, and gives back their totals. */
import { parentPort, workerData } from "node:worker_threads";
import type { Campaign } from "./campaign.ts";
import { caseRunner } from "./case-runner.ts";
import { addTotals, noTotals } from "./totals.ts";

/** Cases from … to − 1. */
export interface CaseSpan {
  readonly from: number;
  readonly to: number;
}

const campaign = workerData as Campaign;
const runner = caseRunner(campaign);

parentPort?.on("message", ({ from, to }: CaseSpan) => {
  const totals = noTotals();
  for (let index = from; index < to; index++) addTotals(totals, runner.run(index));
  parentPort?.postMessage(totals);
});
