/**
 * A folder that is gone when its owner is, even after SIGKILL: a keeper, a shell in a session of its own,
 * waits for the end of this process at the other end of a pipe and removes the folder then.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Ctrl-C goes to all processes of a terminal: the keeper has to outlive it. */
const KEEPER = `trap '' INT TERM HUP; cat >/dev/null; rm -rf -- "$1"`;

export class TemporaryFolder {
  readonly path: string;
  readonly #keeper: ChildProcess | undefined;

  private constructor(path: string, keeper: ChildProcess | undefined) {
    this.path = path;
    this.#keeper = keeper;
  }

  /** Makes a folder in the system's place for such; its name begins with `prefix`. */
  static async create(prefix: string): Promise<TemporaryFolder> {
    const path = await mkdtemp(join(tmpdir(), prefix));
    return new TemporaryFolder(path, startKeeper(path));
  }

  /** Idempotent. */
  async remove(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper !== undefined && keeper.exitCode === null && keeper.signalCode === null) {
      keeper.ref();
      const ended = new Promise((resolve) => keeper.once("exit", resolve));
      keeper.stdin?.end();
      await ended;
    }
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Undefined where there is no shell: then the folder stays if this process is killed. */
function startKeeper(path: string): ChildProcess | undefined {
  const keeper = spawn("/bin/sh", ["-c", KEEPER, "sh", path], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  keeper.on("error", () => undefined);
  if (keeper.pid === undefined) return undefined;
  // Neither the keeper nor its pipe is a reason to stay alive.
  keeper.unref();
  (keeper.stdin as Socket).unref();
  keeper.stdin.on("error", () => undefined);
  return keeper;
}
