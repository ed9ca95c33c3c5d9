/**
 * A child process that never outlives the bench: it is killed with SIGKILL when the bench disposes of
 * it, when this process exits, and, where util-linux has `setpriv`, when this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
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

export interface GuardedProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** What to do when the program is missing. */
  readonly install: string;
  /** A command that runs the program in another place: `nsenter --net=…`. */
  readonly prefix?: readonly string[];
  /** Sees each line of the program's standard output. */
  readonly onLine?: (line: string) => void;
}

/** The program's standard input stays open as long as this process lives. */
export class GuardedProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stderr = "";
  #killed = false;

  private constructor(child: ChildProcess, onLine: ((line: string) => void) | undefined) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    // The program may end while something is on its way to it.
    child.stdin?.on("error", () => undefined);
    if (onLine !== undefined && child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", onLine);
    }
    guard(child);
  }

  /** Starts a program on the search path. Throws BenchError when it is missing. */
  static start(options: GuardedProcessOptions): GuardedProcess {
    const { program, args, install, prefix = [], onLine } = options;
    const path = findProgram(program);
    if (path === undefined) {
      throw new BenchError("program-missing", `${program} is not installed`, install);
    }
    const setpriv = findProgram("setpriv");
    const leash = setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL"];
    const [command = path, ...rest] = [...leash, ...prefix, path, ...args];
    const stdout = onLine === undefined ? "ignore" : "pipe";
    return new GuardedProcess(spawn(command, rest, { stdio: ["pipe", stdout, "pipe"] }), onLine);
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

  /** The last words of the program, one line. */
  get lastWords(): string {
    return this.#stderr.trim().split("\n").slice(-3).join("; ");
  }

  /** Freezes the program, or lets it go on: a server that is silent. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? "SIGSTOP" : "SIGCONT");
  }

  /** SIGKILL: to a device in an emulator a power cut. Settles when the process is gone. */
  async kill(): Promise<void> {
    this.#killed = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
    }
    await this.#ended;
  }
}
