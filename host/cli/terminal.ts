/** The edges of the process that commands use, so that tests can stand in for them. */

export interface Terminal {
  /** Writes results. Resolves when they are on their way; a closed pipe is not an error. */
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
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `isnkit check | head` closes the pipe early; that is how pipes work.
    if (error.code === "EPIPE") closed = true;
    else throw error;
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (text) =>
      new Promise((resolve) => {
        if (closed) resolve();
        else process.stdout.write(text, () => resolve());
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
    input: process.stdin,
    rawInput: () => {
      if (!process.stdin.isTTY) return undefined;
      process.stdin.setRawMode(true);
      return () => process.stdin.setRawMode(false);
    },
  };
}
