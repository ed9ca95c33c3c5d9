/** Reads a file that still grows: what is there, then what is added, until told to stop. */

import { watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { openFailure } from "./capture-errors.ts";

const READ_BYTES = 262_144;
/** Some file systems tell nothing of changes; then looking again has to do. */
const LOOK_AGAIN_MS = 500;

/** Why a file is followed no further, as the rest of a sentence about it. */
export type FollowEnd = "was cut to less than was read" | "was removed or replaced";

/**
 * The bytes of `path` in order. Ends when `stop` is aborted; all that was there by then is delivered.
 * A file that is cut to less than was read, removed or replaced (a rotated log) ends the stream, and
 * `onEnd` is told. Throws UsageError as opening a capture does.
 */
export async function* followFile(
  path: string,
  stop: AbortSignal,
  onEnd: (why: FollowEnd) => void = () => {},
): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const changes = new Changes(path, stop);
    try {
      let offset = 0;
      let gone = false;
      for (;;) {
        const buffer = new Uint8Array(READ_BYTES);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        offset += bytesRead;
        if (bytesRead > 0) {
          yield buffer.subarray(0, bytesRead);
          continue;
        }
        const { size, ino } = await file.stat();
        if (stop.aborted) return;
        if (size < offset) return onEnd("was cut to less than was read");
        if (size > offset) continue;
        // Looked at once more after it is gone: its writer may have had a last word.
        if (gone) return onEnd("was removed or replaced");
        await changes.next();
        const there = await stat(path).catch(() => undefined);
        gone = there?.ino !== ino;
      }
    } finally {
      changes.close();
    }
  } catch (error) {
    throw openFailure(path, error);
  } finally {
    await file?.close();
  }
}

/** Wakes at a change of the file, at the abort, or after a while. */
class Changes {
  #wake: (() => void) | undefined;
  #changed = false;
  readonly #watcher: { close(): void };
  readonly #stop: AbortSignal;

  constructor(path: string, stop: AbortSignal) {
    this.#stop = stop;
    const note = () => {
      this.#changed = true;
      this.#wake?.();
    };
    const watcher = watch(path, { persistent: false }, note);
    // Without notifications the look after a while remains.
    watcher.on("error", () => watcher.close());
    this.#watcher = watcher;
    stop.addEventListener("abort", note);
  }

  async next(): Promise<void> {
    if (!this.#changed && !this.#stop.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_AGAIN_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#watcher.close();
  }
}
