/** One line on stderr that is rewritten in place, on a terminal only. */
import type { Terminal } from "./terminal.ts";

const EVERY_MS = 200;

export interface Progress {
  /** Shows the line that `describe` gives, if the last one is old enough. */
  tick(describe: () => string): void;
  /** Takes the line away. */
  clear(): void;
}

/** `nowMs`: a clock that does not go back. */
export function progressOn(terminal: Terminal, nowMs: () => number): Progress {
  if (!terminal.errIsTerminal) return { tick: () => {}, clear: () => {} };
  let lastMs = nowMs();
  let shown = false;
  return {
    tick(describe) {
      const now = nowMs();
      if (now - lastMs < EVERY_MS) return;
      lastMs = now;
      shown = true;
      terminal.err(`\r\u001b[K${describe()}`);
    },
    clear() {
      if (shown) terminal.err("\r\u001b[K");
      shown = false;
    },
  };
}
