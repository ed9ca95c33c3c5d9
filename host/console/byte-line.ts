/** Bytes and console records from one line, in turn: a transfer begins right behind a record. */

import { BenchError } from "../core/errors.ts";
import {
  type ConsoleEvent,
  ConsoleReader,
  type ConsoleRecord,
  formatConsoleCommand,
} from "./console-record.ts";

/** What a line has to give; a SerialLink does. */
export interface ByteStream {
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
}

const LINE_FEED = 0x0a;

/** Reads a line byte by byte, with a limit of time for each read. Errors of the stream come through. */
export class ByteLine {
  readonly #stream: ByteStream;
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #onEvent: ((event: ConsoleEvent) => void) | undefined;
  readonly #reader = new ConsoleReader();
  #waiting: Promise<IteratorResult<Uint8Array>> | undefined;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #commands: number;

  /** `onEvent` sees every record; `firstId` keeps answers of an earlier run from being taken for ours. */
  constructor(
    stream: ByteStream,
    options: { onEvent?: (event: ConsoleEvent) => void; firstId?: number } = {},
  ) {
    this.#stream = stream;
    this.#bytes = stream.input[Symbol.asyncIterator]();
    this.#onEvent = options.onEvent;
    this.#commands = options.firstId ?? 0;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write(bytes);
  }

  /** The next byte; undefined when none comes within `timeoutMs`. */
  async byte(timeoutMs: number, signal?: AbortSignal): Promise<number | undefined> {
    if (!(await this.#fill(timeoutMs, signal))) return undefined;
    return this.#chunk[this.#at++];
  }

  /** Forgets what has arrived so far. */
  async drain(): Promise<void> {
    while (await this.#fill(0)) this.#at = this.#chunk.length;
  }

  /**
   * The next record that fits; those before it are only shown to `onEvent`. Bytes behind it are left for
   * byte(). Undefined when it does not come within `timeoutMs`.
   */
  async record(
    fits: (record: ConsoleRecord) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<ConsoleRecord | undefined> {
    const deadlineMs = performance.now() + timeoutMs;
    while (await this.#fill(deadlineMs - performance.now(), signal)) {
      const rest = this.#chunk.subarray(this.#at);
      const end = rest.indexOf(LINE_FEED);
      const line = end < 0 ? rest : rest.subarray(0, end + 1);
      this.#at += line.length;
      for (const event of this.#reader.push(line)) {
        this.#onEvent?.(event);
        if (event.kind === "record" && fits(event.record)) return event.record;
      }
    }
    return undefined;
  }

  /** Sends a command of the console protocol. Returns its `id`. */
  async send(fields: Readonly<Record<string, string | number>>): Promise<number> {
    const id = ++this.#commands;
    await this.write(new TextEncoder().encode(formatConsoleCommand({ id, ...fields })));
    return id;
  }

  /** True when there is a byte to read. */
  async #fill(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#at < this.#chunk.length) return true;
    // A read that outlived its limit is still under way: it is the next one.
    this.#waiting ??= this.#bytes.next();
    this.#waiting.catch(() => undefined);
    const result = await withinTime(this.#waiting, timeoutMs, signal);
    if (result === undefined) return false;
    this.#waiting = undefined;
    if (result.done) {
      throw new BenchError(
        "port-closed",
        "the line to the device was closed",
        "run it again; the device runs its old module",
      );
    }
    this.#chunk = result.value;
    this.#at = 0;
    return this.#chunk.length > 0 ? true : this.#fill(timeoutMs, signal);
  }
}

/** The promise's value; undefined when it does not settle in time, or the signal comes first. */
async function withinTime<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  let end: () => void = () => undefined;
  const over = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
  });
  if (signal?.aborted) return undefined;
  const timer = setTimeout(end, Math.max(0, timeoutMs));
  signal?.addEventListener("abort", end);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
