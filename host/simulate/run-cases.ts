/**
 * Runs a range of cases on one thread or on many. The totals are the same either way: a case depends
 * on its index only, and totals add up in any order.
 */
import { Worker } from "node:worker_threads";
import { BenchError } from "../core/errors.ts";
import type { Campaign } from "./campaign.ts";
import { caseRunner } from "./case-runner.ts";
import type { CaseSpan } from "./case-worker.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

export interface RunCasesOptions {
  readonly span: CaseSpan;
  /** Threads; 1 runs in this one. */
  readonly workers: number;
  readonly onProgress?: (totals: Totals) => void;
  /** Ends the run after the cases under way. */
  readonly signal?: AbortSignal;
}

/** Cases handed out at once: some tenths of a second, so that an interrupt is soon obeyed. */
const CHUNK_MAX = 16;
const CHUNKS_PER_WORKER = 8;

export async function runCases(campaign: Campaign, options: RunCasesOptions): Promise<Totals> {
  const { span, workers } = options;
  const threads = Math.min(workers, span.to - span.from);
  return threads <= 1 ? runHere(campaign, options) : runOnThreads(campaign, options, threads);
}

async function runHere(campaign: Campaign, options: RunCasesOptions): Promise<Totals> {
  const { span, onProgress, signal } = options;
  const runner = caseRunner(campaign);
  const totals = noTotals();
  for (let index = span.from; index < span.to; index++) {
    addTotals(totals, runner.run(index));
    onProgress?.(totals);
    // The event loop gets its turn: that is when Ctrl-C is noticed.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) break;
  }
  return totals;
}

async function runOnThreads(
  campaign: Campaign,
  options: RunCasesOptions,
  threads: number,
): Promise<Totals> {
  const { span, onProgress, signal } = options;
  const totals = noTotals();
  const size = chunkSize(span.to - span.from, threads);
  let next = span.from;
  const workers: Worker[] = [];
  const runWorker = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(workerFile(), { workerData: campaign });
      workers.push(worker);
      const hand = () => {
        if (next >= span.to || signal?.aborted) {
          resolve();
          return;
        }
        const from = next;
        next = Math.min(span.to, from + size);
        worker.postMessage({ from, to: next } satisfies CaseSpan);
      };
      worker.on("message", (part: Totals) => {
        addTotals(totals, part);
        onProgress?.(totals);
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
  return totals;
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
