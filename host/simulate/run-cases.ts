/**
 * Runs a range of cases on one thread or on many. The totals are the same either way: a case depends
 * on its index only, and totals add up in any order.
 */
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { BenchError } from "../core/errors.ts";
import type { Campaign } from "./campaign.ts";
import { runCanary } from "./canary.ts";
import { caseRunner } from "./case-runner.ts";
import type { CaseNews, CaseWork } from "./case-worker.ts";
import type { CaseSpan } from "./shard.ts";
import type { CanaryResult } from "./simulate-run.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

export interface RunCasesOptions {
  readonly span: CaseSpan;
  /** Threads; 1 runs in this one. */
  readonly workers: number;
  /** Canaries to run besides, by name. */
  readonly canaries?: readonly string[];
  readonly onProgress?: (totals: Totals) => void;
  readonly onCanary?: (name: string) => void;
  /** Ends the run after the cases under way. */
  readonly signal?: AbortSignal;
}

export interface CasesRun {
  readonly totals: Totals;
  /** In the order asked for; an interrupt leaves out those that did not run. */
  readonly canaries: readonly CanaryResult[];
}

export async function runCases(campaign: Campaign, options: RunCasesOptions): Promise<CasesRun> {
  const { span, workers } = options;
  const threads = Math.min(workers, span.to - span.from);
  return threads <= 1 ? runHere(campaign, options) : runOnThreads(campaign, options, threads);
}

async function runHere(campaign: Campaign, options: RunCasesOptions): Promise<CasesRun> {
  const { onProgress, onCanary, signal } = options;
  const runner = caseRunner(campaign);
  const totals = noTotals();
  const canaries: CanaryResult[] = [];
  // The event loop gets its turn after each job: that is when Ctrl-C is noticed.
  const breath = () => new Promise((resolve) => setImmediate(resolve));
  for (let index = options.span.from; index < options.span.to; index++) {
    if (signal?.aborted) break;
    addTotals(totals, runner.run(index));
    onProgress?.(totals);
    await breath();
  }
  // The canaries come last: by then the engine has optimised the cases, and not yet met devices of
  // other classes.
  for (const name of options.canaries ?? []) {
    if (signal?.aborted) break;
    onCanary?.(name);
    canaries.push(runCanary(campaign, name));
    await breath();
  }
  return { totals, canaries };
}

async function runOnThreads(
  campaign: Campaign,
  options: RunCasesOptions,
  threads: number,
): Promise<CasesRun> {
  const { span, canaries: names = [], onProgress, onCanary, signal } = options;
  const totals = noTotals();
  const canaries = new Map<string, CanaryResult>();
  const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const work: CaseWork = { campaign, span, canaries: names, taken };
  // An interrupt takes all that is left, so that no thread gets more.
  const takeAll = () => Atomics.store(taken, 0, span.to - span.from + names.length);
  const hear = (news: CaseNews) => {
    if ("totals" in news) {
      addTotals(totals, news.totals);
      onProgress?.(totals);
    } else if ("started" in news) onCanary?.(news.started);
    else canaries.set(news.canary.generator, news.canary);
  };
  const workers: Worker[] = [];
  const runWorker = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(workerFile(), { workerData: work });
      workers.push(worker);
      worker.on("message", hear);
      worker.on("error", (error) => reject(workerFailed(error)));
      worker.on("exit", (code) => {
        if (code === 0) resolve();
        else reject(workerFailed(new Error(`it ended with code ${code}`)));
      });
    });
  if (signal?.aborted) takeAll();
  signal?.addEventListener("abort", takeAll);
  // Each thread is busy all the time: one that helped another collect its garbage would be waited for.
  setFlagsFromString("--no-parallel-scavenge");
  try {
    await Promise.all(Array.from({ length: threads }, runWorker));
  } finally {
    signal?.removeEventListener("abort", takeAll);
    await Promise.all(workers.map((worker) => worker.terminate()));
    setFlagsFromString("--parallel-scavenge");
  }
  return { totals, canaries: names.flatMap((name) => canaries.get(name) ?? []) };
}

/** The compiled worker; sources that run as they are (tests) use the one of the last build. */
function workerFile(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  const place = fromSource ? "../../dist/simulate/case-worker.js" : "./case-worker.js";
  return new URL(place, import.meta.url);
}

function workerFailed(error: Error): BenchError {
  return new BenchError(
    "worker-failed",
    `a worker thread of the simulation failed: ${error.message}`,
    "run it again with --workers 1 to see where",
  );
}
