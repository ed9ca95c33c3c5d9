/**
 * Runs a range of cases on one thread or on many. The totals are the same either way: a case depends
 * on its index only, and totals add up in any order.
 */
import { Worker } from "node:worker_threads";
import { BenchError } from "../core/errors.ts";
import type { Campaign } from "./campaign.ts";
import { runCanary } from "./canary.ts";
import { caseRunner } from "./case-runner.ts";
import type { CaseAnswer, CaseJob, CaseSpan } from "./case-worker.ts";
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

/** Cases handed out at once: some tenths of a second, so that an interrupt is soon obeyed. */
const CHUNK_MAX = 16;
const CHUNKS_PER_WORKER = 8;

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
  for (const job of jobsOf(options, 1)) {
    if (signal?.aborted) break;
    if ("canary" in job) {
      onCanary?.(job.canary);
      canaries.push(runCanary(campaign, job.canary));
    } else {
      addTotals(totals, runner.run(job.from));
      onProgress?.(totals);
    }
    // The event loop gets its turn: that is when Ctrl-C is noticed.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { totals, canaries };
}

/**
 * All that is to be done, in the order in which it is handed out. The canaries come last: they are
 * short, so the threads end together, and the engine has optimised the cases before it meets devices
 * of other classes.
 */
function* jobsOf({ span, canaries = [] }: RunCasesOptions, size: number): Generator<CaseJob> {
  for (let from = span.from; from < span.to; from += size) {
    yield { from, to: Math.min(span.to, from + size) };
  }
  for (const canary of canaries) yield { canary };
}

async function runOnThreads(
  campaign: Campaign,
  options: RunCasesOptions,
  threads: number,
): Promise<CasesRun> {
  const { span, onProgress, onCanary, signal } = options;
  const totals = noTotals();
  const canaries = new Map<string, CanaryResult>();
  const jobs = jobsOf(options, chunkSize(span.to - span.from, threads));
  const workers: Worker[] = [];
  const runWorker = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(workerFile(), { workerData: campaign });
      workers.push(worker);
      const hand = () => {
        const next = signal?.aborted ? undefined : jobs.next().value;
        if (next === undefined) {
          resolve();
          return;
        }
        if ("canary" in next) onCanary?.(next.canary);
        worker.postMessage(next);
      };
      worker.on("message", (answer: CaseAnswer) => {
        if ("canary" in answer) canaries.set(answer.canary.generator, answer.canary);
        else {
          addTotals(totals, answer.totals);
          onProgress?.(totals);
        }
        hand();
      });
      worker.on("error", (error) => reject(workerFailed(error)));
      worker.on("exit", (code) => reject(workerFailed(new Error(`it ended with code ${code}`))));
      hand();
    });
  try {
    await Promise.all(Array.from({ length: threads }, runWorker));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  const inOrder = (options.canaries ?? []).flatMap((name) => canaries.get(name) ?? []);
  return { totals, canaries: inOrder };
}

function chunkSize(cases: number, threads: number): number {
  return Math.max(1, Math.min(CHUNK_MAX, Math.ceil(cases / (threads * CHUNKS_PER_WORKER))));
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
