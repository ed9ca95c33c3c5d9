/** The edges of the process that commands use, so that tests can stand in for them. */
import { BenchError } from "../core/errors.ts";

export interface Terminal {
  /**
   * Writes results. Resolves when they are on their way; a closed pipe is not an error. BenchError
   * `output-failed` when they cannot be written, on a full disk for one.
   */
  out(text: string): Promise<void>;
  /** Writes messages and progress. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Calls back at Ctrl-C until the returned function is called. A second one ends the process. */
  onInterrupt(callback: () => void): () => void;
  readonly input: AsyncIterable<Uint8Array> & { destroy(): void };
  /**
   * Gives every key as it is pressed, Ctrl-C among them, until the returned function is called. Absent,
   * or undefined from it, when the input is no terminal.
   */
  readonly rawInput?: () => (() => void) | undefined;
}

const EXIT_INTERRUPTED = 130;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let closed = false;
  // `isnkit check | head` closes the pipe early; that is how pipes work. Who writes hears of the rest.
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") closed = true;
  });
  // Where messages cannot be written, there is nobody to tell; the exit code stays right.
  process.stderr.on("error", () => undefined);
  return {
    out: (text) =>
      new Promise((resolve, reject) => {
        if (closed) return resolve();
        process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
          if (!error || error.code === "EPIPE") resolve();
          else reject(notWritten(error));
        });
      }),
    err: (text) => {
      process.stderr.write(text);
    },
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    environment: process.env,
    onInterrupt: (callback) => {
      let asked = false;
      const listener = () => {
        if (asked) process.exit(EXIT_INTERRUPTED);
        asked = true;
        callback();
      };
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    // Opened for who reads it: that takes some milliseconds, and most commands do not.
    get input() {
      return process.stdin;
    },
    rawInput: () => {
      if (!process.stdin.isTTY) return undefined;
      process.stdin.setRawMode(true);
      return () => process.stdin.setRawMode(false);
    },
  };
}

function notWritten({ message }: Error): BenchError {
  return new BenchError(
    "output-failed",
    `the results cannot be written to standard output: ${message}`,
    "make room on the disk, then run the command again",
  );
}
