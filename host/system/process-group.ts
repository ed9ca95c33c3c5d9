/** An external tool as the leader of a process group: whatever it started ends with it, and with this process. */
import { type ChildProcess, spawn } from "node:child_process";

/** Last words that are still in the pipes may arrive this long after the tool's end. */
const PIPES_MS = 200;

/** Starts a tool; no shell sees the words. */
export function startGroup(path: string, args: readonly string[]): ChildProcess {
  return spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
}

/** Exit code, signal, or the error's code when it did not start. */
export function endOfGroup(child: ChildProcess): Promise<number | string> {
  const leave = () => killGroup(child);
  process.once("exit", leave);
  return new Promise((resolve) => {
    const end = (code: number | string) => {
      process.off("exit", leave);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(code);
    };
    child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once("exit", (code, signal) => {
      const how = code ?? signal ?? "no exit code";
      // What the tool left running (a relay's daemon, say) may hold the pipes: `close` may never come.
      child.once("close", () => end(how));
      setTimeout(() => end(how), PIPES_MS);
    });
  });
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
