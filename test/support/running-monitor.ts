/** `isnkit monitor` in this process, followed line by line: tests wait for what it says, not for time. */
import { runProgram } from "../../host/cli/program.ts";
import type { Terminal } from "../../host/cli/terminal.ts";

export interface RunningMonitor {
  /** Everything on stdout so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Settles when stdout holds the pattern (as often as `times` says). Rejects when the monitor ends first. */
  shows(pattern: RegExp | string, times?: number): Promise<void>;
  /** As a person at the keyboard, or a program in front of the pipe. */
  type(text: string): void;
  interrupt(): void;
  readonly exitCode: Promise<number>;
}

export interface MonitorTraits {
  /** Keys one by one, as on a terminal. */
  readonly raw?: boolean;
  /** Stands in for a slow reader of stdout. */
  readonly out?: (text: string) => Promise<void>;
}

export function runMonitor(words: readonly string[], traits: MonitorTraits = {}): RunningMonitor {
  let out = "";
  let err = "";
  let isOver = false;
  let onInterrupt = () => {};
  const waiting = new Set<() => void>();
  const keys = new KeyQueue();
  const look = () => {
    for (const check of waiting) check();
  };
  const terminal: Terminal = {
    out: async (text) => {
      await traits.out?.(text);
      out += text;
      look();
    },
    err: (text) => {
      err += text;
      look();
    },
    outIsTerminal: false,
    errIsTerminal: false,
    environment: {},
    onInterrupt: (callback) => {
      onInterrupt = callback;
      return () => {};
    },
    input: keys,
    rawInput: () => (traits.raw ? () => {} : undefined),
  };
  const exitCode = runProgram(["node", "isnkit", "monitor", ...words], terminal).finally(() => {
    isOver = true;
    look();
  });
  return {
    out: () => out,
    err: () => err,
    shows(pattern, times = 1) {
      const all = new RegExp(pattern, "g");
      return new Promise((resolve, reject) => {
        const check = () => {
          const found = (out + err).match(all)?.length ?? 0;
          if (found < times && !isOver) return;
          waiting.delete(check);
          if (found >= times) resolve();
          else reject(new Error(`the monitor ended without ${pattern}:\n${out}${err}`));
        };
        waiting.add(check);
        check();
      });
    },
    type: (text) => keys.put(Buffer.from(text)),
    interrupt: () => onInterrupt(),
    exitCode,
  };
}

class KeyQueue implements AsyncIterable<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  #isOver = false;
  #wake = () => {};

  put(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#wake();
  }

  destroy(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (!this.#isOver) {
      const bytes = this.#queue.shift();
      if (bytes !== undefined) yield bytes;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
