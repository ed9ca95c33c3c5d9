/** A log file of bounded size: FILE, and older ones as FILE.1 to FILE.N. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { BenchError } from "../core/errors.ts";

export interface RotatingLogOptions {
  readonly file: string;
  /** A file that would grow beyond this is put away first. */
  readonly bytesMax: number;
  /** Older files that are kept, 0 to 1000. */
  readonly keep: number;
}

export class RotatingLog {
  readonly #options: RotatingLogOptions;
  #file: FileHandle;
  #bytes: number;

  private constructor(options: RotatingLogOptions, file: FileHandle, bytes: number) {
    this.#options = options;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Goes on behind what the file holds. BenchError `log-failed`. */
  static async open(options: RotatingLogOptions): Promise<RotatingLog> {
    try {
      const file = await open(options.file, "a");
      return new RotatingLog(options, file, (await file.stat()).size);
    } catch (error) {
      throw logFailed(options.file, error);
    }
  }

  /** Whole lines; one call is never split over two files. BenchError `log-failed`. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.bytesMax) {
        await this.#rotate();
      }
      await this.#file.appendFile(bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      throw logFailed(this.#options.file, error);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #rotate(): Promise<void> {
    const { file, keep } = this.#options;
    await this.#file.close();
    for (let age = keep; age > 0; age--) {
      const from = age === 1 ? file : `${file}.${age - 1}`;
      await rename(from, `${file}.${age}`).catch(ignoreMissing);
    }
    if (keep === 0) await rm(file, { force: true });
    this.#file = await open(file, "a");
    this.#bytes = 0;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}

function logFailed(file: string, error: unknown): BenchError {
  const reason = error instanceof Error ? error.message : String(error);
  return new BenchError(
    "log-failed",
    `the log ${JSON.stringify(file)} cannot be written: ${reason}`,
    "make room or name another file; the monitor does not go on without the log that was asked for",
  );
}
