/**
 * A child process that never outlives the bench: it is killed with SIGKILL when the bench disposes of
 * it, when this process exits, and, where util-linux has `setpriv`, when this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BenchError } from "../core/errors.ts";

const STDERR_CHARACTERS_MAX = 2000;

/** Processes that still run; one listener on `exit` kills them all. */
const running = new Set<ChildProcess>();
let guarded = false;

function guard(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
  if (guarded) return;
  guarded = true;
  process.once("exit", () => {
    for (const left of running) left.kill("SIGKILL");
  });
}

/** Looks for a program on the search path; undefined when it is not there. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

export class EmulatorProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stderr = "";
  #killed = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    guard(child);
  }

  /** Starts `program` (a name on the path). Throws BenchError when it is missing. */
  static start(program: string, args: readonly string[], install: string): EmulatorProcess {
    const path = findProgram(program);
    if (path === undefined) {
      throw new BenchError("emulator-missing", `${program} is not installed`, install);
    }
    const setpriv = findProgram("setpriv");
    const [command, all] =
      setpriv === undefined ? [path, [...args]] : [setpriv, ["--pdeathsig", "KILL", path, ...args]];
    return new EmulatorProcess(spawn(command, all, { stdio: ["ignore", "ignore", "pipe"] }));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** True once `kill` was called: its end is then no fault. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Settles when the process is gone, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The last words of the emulator, one line. */
  get lastWords(): string {
    return this.#stderr.trim().split("\n").slice(-3).join("; ");
  }

  /** SIGKILL: to the device a power cut. Settles when the process is gone. */
  async kill(): Promise<void> {
    this.#killed = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
    }
    await this.#ended;
  }
}
