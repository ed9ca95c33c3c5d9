/**
 * Wakes whoever waits for something to appear in a folder: by the kernel's word (inotify) where it
 * gives one, and after an interval in any case, as not every change is told.
 */
import { type FSWatcher, watch } from "node:fs";

export interface ChangeSignal {
  /** Settles when something may have changed since the last call, or the signal was closed. */
  next(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export interface ChangeSignalOptions {
  readonly folders: readonly string[];
  /** The longest wait, in milliseconds. */
  readonly everyMs: number;
  /** Changes come in bursts, and a port's rights are set after its name: they are told together. */
  readonly settleMs: number;
  /** Calls back once; gives what takes it back. */
  readonly after?: (ms: number, callback: () => void) => () => void;
}

export function watchFolders(options: ChangeSignalOptions): ChangeSignal {
  const { after = afterOnClock } = options;
  let wake: (() => void) | undefined;
  let changed = false;
  let closed = false;
  let settling: (() => void) | undefined;
  const tell = () => {
    changed = true;
    wake?.();
  };
  const onEvent = () => {
    settling ??= after(options.settleMs, () => {
      settling = undefined;
      tell();
    });
  };
  const watchers = options.folders.flatMap((folder) => watchFolder(folder, onEvent));
  return {
    async next() {
      if (!changed && !closed) {
        const cancel = after(options.everyMs, tell);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
        cancel();
      }
      changed = false;
    },
    close() {
      closed = true;
      settling?.();
      for (const watcher of watchers) watcher.close();
      wake?.();
    },
  };
}

function watchFolder(folder: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    // The folder may go, or the system may be out of watches: the interval is left.
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

function afterOnClock(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
