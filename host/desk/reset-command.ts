/** Runs a program that resets a board or switches its power, and tells how it ended. */
import type { ChildProcess } from "node:child_process";
import { BenchError } from "../core/errors.ts";
import { findProgram } from "../system/guarded-process.ts";
import { endOfGroup, killGroup, startGroup } from "../system/process-group.ts";

/** A relay or a probe answers within this time, or not at all. */
const COMMAND_MS = 30_000;
const WORDS_MAX = 2000;

export interface ResetCommandOptions {
  /** The program and its arguments; no shell sees them. */
  readonly command: readonly string[];
  /** What to do when the program is missing. */
  readonly install: string;
  readonly timeoutMs?: number;
}

/**
 * Runs it to its end. BenchError `tool-missing` without the program, `tool-failed` with its last words
 * when it fails, `tool-slow` when it does not end; then it is killed.
 */
export async function runResetCommand(options: ResetCommandOptions): Promise<void> {
  const { command, install, timeoutMs = COMMAND_MS } = options;
  const [program = "", ...args] = command;
  const path = program.includes("/") ? program : findProgram(program);
  if (path === undefined) {
    throw new BenchError("tool-missing", `${program} is not installed`, install);
  }
  const { code, words, late } = await ending(startGroup(path, args), timeoutMs);
  if (late) {
    throw new BenchError(
      "tool-slow",
      `${program} did not end within ${timeoutMs / 1000} s and was killed${words}`,
      "run it by hand and see what it waits for",
    );
  }
  if (code === 0) return;
  if (code === "ENOENT") throw new BenchError("tool-missing", `${program} is not there`, install);
  throw new BenchError(
    "tool-failed",
    `${program} failed (${code})${words}`,
    "run it by hand with the same arguments; `isnkit doctor` looks for permissions that are missing",
  );
}

interface Ending {
  /** Exit code, signal, or the error's code when it did not start. */
  readonly code: number | string;
  readonly words: string;
  readonly late: boolean;
}

async function ending(child: ChildProcess, timeoutMs: number): Promise<Ending> {
  let words = "";
  let late = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-WORDS_MAX);
    });
  }
  const timer = setTimeout(() => {
    late = true;
    killGroup(child);
  }, timeoutMs);
  const code = await endOfGroup(child);
  clearTimeout(timer);
  const last = words.trim().split("\n").slice(-3).join("; ");
  return { code, words: last === "" ? "" : `: ${last}`, late };
}
