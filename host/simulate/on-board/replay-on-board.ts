/** Lives a case on an emulated board: power, memory and numbers are the board's, the rest is the life's. */
import { Worker } from "node:worker_threads";
import { readBoardDescription } from "../../boards/board-description.ts";
import { parseEmulatedBoard } from "../../boards/emulated-selector.ts";
import type { PoweredBoard } from "../../boards/powered-board.ts";
import type { CheckResult } from "../../check/engine.ts";
import { BenchError } from "../../core/errors.ts";
import type { Sample } from "../../core/sample.ts";
import { openEmulatedBoard } from "../../emulated/emulated-board.ts";
import type { FaultTally } from "../../virtual/fault-strikes.ts";
import type { LifeScript } from "../../virtual/life-script.ts";
import { caseOnBoard } from "./board-case.ts";
import type { BoardRequest } from "./board-request.ts";
import { BoardService } from "./board-service.ts";

/** What the life's thread is given. `signal`: four bytes, counts the answers. */
export interface BoardLifeWork {
  readonly script: LifeScript;
  readonly signal: SharedArrayBuffer;
}

/** What the life's thread says. */
export type BoardLifeNews =
  | { readonly request: BoardRequest }
  | { readonly boot: number }
  | { readonly done: BoardLife };

export interface BoardLife {
  /** As `isnkit simulate --case` tells it. */
  readonly story: readonly string[];
  readonly result: CheckResult;
  readonly samples: readonly Sample[];
  /** Faults that have struck. */
  readonly faults: FaultTally;
}

export interface ReplayOnBoardOptions {
  /** `qemu:lm3s6965evb`, with `:wasm2c` or `:wasm3` behind it. */
  readonly selector: string;
  readonly script: LifeScript;
  readonly signal?: AbortSignal;
  readonly onBoot?: (boot: number) => void;
  /** For tests: stands between the life and the board. */
  readonly through?: (board: PoweredBoard) => PoweredBoard;
}

/**
 * UsageError `not-on-board` when the board cannot play the case, BenchError when it does not run, or
 * `interrupted` when `signal` was given first. Nothing is left running in any case.
 */
export async function replayOnBoard(
  options: ReplayOnBoardOptions,
): Promise<BoardLife & { readonly notes: readonly string[]; readonly script: LifeScript }> {
  const { selector, through = (board) => board } = options;
  const description = await readBoardDescription(parseEmulatedBoard(selector).model);
  const { script, notes } = caseOnBoard(options.script, selector, description);
  const board = through((await openEmulatedBoard(selector)).board);
  try {
    return { ...(await live(script, board, options)), notes, script };
  } finally {
    await board.dispose();
  }
}

async function live(
  script: LifeScript,
  board: PoweredBoard,
  { signal, onBoot }: ReplayOnBoardOptions,
): Promise<BoardLife> {
  const service = new BoardService(board);
  const answered = new SharedArrayBuffer(4);
  const work: BoardLifeWork = { script, signal: answered };
  const worker = new Worker(workerFile(), { workerData: work });
  try {
    return await new Promise<BoardLife>((resolve, reject) => {
      const serve = async (request: BoardRequest) => {
        worker.postMessage(await service.answer(request));
        const answers = new Int32Array(answered);
        Atomics.add(answers, 0, 1);
        Atomics.notify(answers, 0);
      };
      worker.on("message", (news: BoardLifeNews) => {
        if ("request" in news) serve(news.request).catch(reject);
        else if ("boot" in news) onBoot?.(news.boot);
        else resolve(news.done);
      });
      worker.on("error", (error) => reject(lifeFailed(error)));
      worker.on("exit", (code) => reject(lifeFailed(new Error(`it ended with code ${code}`))));
      const stop = () => reject(interrupted());
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted) stop();
    });
  } finally {
    await worker.terminate();
  }
}

/** The compiled worker; sources that run as they are (tests) use the one of the last build. */
function workerFile(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  const built = "../../../dist/simulate/on-board/board-life-worker.js";
  return new URL(fromSource ? built : "./board-life-worker.js", import.meta.url);
}

function interrupted(): BenchError {
  return new BenchError(
    "interrupted",
    "the replay was interrupted",
    "give the same line again; a case starts from its beginning",
  );
}

function lifeFailed(error: Error): BenchError {
  return new BenchError(
    "worker-failed",
    `the life on the board failed: ${error.message}`,
    "this is a bug in isnkit: please report it with the case",
  );
}
