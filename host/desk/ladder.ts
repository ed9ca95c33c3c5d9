/** Climbs the ladder until a rung restarts the device, and tells what was tried. */

import type { Rung, RungName } from "../boards/rung.ts";
import { BenchError } from "../core/errors.ts";
import type { Restart } from "./restart.ts";

export interface RungAttempt {
  readonly rung: RungName;
  readonly tookMs: number;
  /** Why it failed; absent for the rung that worked. */
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface LadderOptions<Result extends Restart> {
  /** For the message when no rung works. */
  readonly name: string;
  readonly rungs: readonly Rung[];
  /** Tries one; a BenchError sends the climber to the next. */
  readonly attempt: (rung: Rung) => Promise<Result>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Times that the ladder is climbed from its foot before it is given up; default 2. */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: RungAttempt) => void;
}

export interface Climb<Result> {
  readonly result: Result;
  readonly rung: Rung;
  /** In order; the last one worked. */
  readonly attempts: readonly RungAttempt[];
}

/** Waits between two rounds double from here. */
const ROUND_MS = 500;
/** Another try of any rung cannot help. */
const HOPELESS = new Set(["port-busy", "port-missing", "not-isnkit", "no-key"]);

/** BenchError `reboot-failed` that lists what was tried; `interrupted` when the signal came. */
export async function climb<Result extends Restart>(
  options: LadderOptions<Result>,
): Promise<Climb<Result>> {
  const { rungs, attempt, nowMs, sleep, rounds = 2, signal, onAttempt } = options;
  const attempts: RungAttempt[] = [];
  const note = (one: RungAttempt) => {
    attempts.push(one);
    onAttempt?.(one);
  };
  for (let round = 0; round < rounds; round++) {
    if (round > 0) await sleep(ROUND_MS * 2 ** (round - 1));
    for (const rung of rungs) {
      if (signal?.aborted) throw interrupted();
      const startMs = nowMs();
      const took = () => ({ rung: rung.name, tookMs: Math.round(nowMs() - startMs) });
      try {
        const result = await attempt(rung);
        note(took());
        return { result, rung, attempts };
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        note({ ...took(), failure: { code: error.code, message: error.message } });
        if (HOPELESS.has(error.code)) throw error;
      }
    }
  }
  throw failed(options.name, attempts);
}

function interrupted(): BenchError {
  return new BenchError("interrupted", "the reboot was interrupted", "run it again");
}

function failed(name: string, attempts: readonly RungAttempt[]): BenchError {
  if (attempts.length === 0) {
    return new BenchError(
      "no-rung",
      `there is no way to restart ${name}`,
      "describe one: `reset` in board.json, or `hub` or `shell` in bench.json; docs/reboot.md shows how",
    );
  }
  const last = new Map(attempts.map((one) => [one.rung, one.failure?.message ?? ""]));
  const tried = [...last].map(([rung, message]) => `${rung} (${message})`).join("; ");
  return new BenchError(
    "reboot-failed",
    `no reboot of ${name} could be proved; tried ${tried}`,
    "check the wiring and the cable, then try one rung: `isnkit reboot --board … --rung NAME`",
  );
}
