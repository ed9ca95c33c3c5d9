/** Bytes that arrived and wait for their reader. */

/** Above this the writer is asked to wait. */
const WAITING_MAX_BYTES = 1024 * 1024;

interface Waiter {
  resolve(result: IteratorResult<Uint8Array>): void;
  reject(error: unknown): void;
}

/** A queue with one writer and one reader at a time. A loop that is left early loses nothing. */
export class ByteInbox implements AsyncIterable<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  readonly #readers: Waiter[] = [];
  #bytes = 0;
  #over: { error: unknown } | undefined;
  #roomier: (() => void) | undefined;

  put(bytes: Uint8Array): void {
    if (this.#over !== undefined) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ value: bytes, done: false });
      return;
    }
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Settles when the writer may go on. */
  room(): Promise<void> {
    if (this.#bytes < WAITING_MAX_BYTES || this.#over !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomier = resolve;
    });
  }

  /** No more bytes come; those that are here can still be read. */
  end(): void {
    this.#finish(undefined);
  }

  /** As end(), but the reader gets an error, once, behind the last byte. */
  fail(error: unknown): void {
    this.#finish(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  #finish(error: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { error };
    this.#roomier?.();
    for (const reader of this.#readers.splice(0)) {
      if (error === undefined) reader.resolve({ value: undefined, done: true });
      else reader.reject(error);
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    const bytes = this.#queue.shift();
    if (bytes !== undefined) {
      this.#bytes -= bytes.length;
      if (this.#bytes < WAITING_MAX_BYTES) {
        this.#roomier?.();
        this.#roomier = undefined;
      }
      return Promise.resolve({ value: bytes, done: false });
    }
    if (this.#over?.error !== undefined) return Promise.reject(this.#over.error);
    if (this.#over !== undefined) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }
}
