/** Reads a file that still grows: what is there, then what is added, until told to stop. */

import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { openFailure } from "./capture-errors.ts";

const READ_BYTES = 262_144;
/** Some file systems tell nothing of changes; then looking again has to do. */
const LOOK_AGAIN_MS = 500;

/**
 * The bytes of `path` in order. Ends when `stop` is aborted; all that was there by then is delivered.
 * A file that was cut to less than was read (a rotated log) ends the stream. Throws UsageError as
 * opening a capture does.
 */
export async function* followFile(path: string, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const changes = new Changes(path, stop);
    try {
      let offset = 0;
      for (;;) {
        const buffer = new Uint8Array(READ_BYTES);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        offset += bytesRead;
        if (bytesRead > 0) {
          yield buffer.subarray(0, bytesRead);
          continue;
        }
        const { size } = await file.stat();
        if (size < offset || stop.aborted) return;
        if (size === offset) await changes.next();
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
