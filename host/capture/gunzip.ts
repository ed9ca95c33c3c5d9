/** Unpacks a gzip stream piece by piece, with bounded memory, and keeps what came before a cut. */
import { constants, createGunzip, type Gunzip } from "node:zlib";
import { badGzip } from "./capture-errors.ts";

/** Packed bytes handed in at once: deflate packs at most about 1:1000, so 16 MB come out at most. */
const SLICE = 16_384;

export class Unpacker {
  readonly #name: string;
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 65_536 });
  #ready: Uint8Array[] = [];
  #failure: Error | undefined;
  #ended = false;
  #wake: () => void = () => undefined;
  /** Set by `end` when the stream stopped before its end mark. */
  cutShort = false;

  constructor(name: string) {
    this.#name = name;
    // Errors are collected, not thrown: a pipe would drop what was unpacked before the error.
    this.#gunzip.on("data", (chunk: Uint8Array) => this.#ready.push(chunk));
    this.#gunzip.on("error", (error) => {
      this.#failure ??= error;
      // After an error neither the write nor the end calls back.
      this.#wake();
    });
    // Zeros behind the packed data (padding of tapes and flash) end the stream early, and then
    // neither a write nor the end calls back.
    this.#gunzip.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async *write(packed: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < packed.length; at += SLICE) {
      const slice = packed.subarray(at, at + SLICE);
      await this.#settled((done) => this.#gunzip.write(slice, done));
      yield* this.#take();
    }
  }

  async *end(): AsyncGenerator<Uint8Array> {
    await this.#settled((done) => {
      this.#gunzip.once("end", done);
      this.#gunzip.end();
    });
    yield* this.#take();
  }

  close(): void {
    this.#gunzip.destroy();
  }

  *#take(): Generator<Uint8Array> {
    yield* this.#ready.splice(0);
    if (!this.#failure) return;
    const errno = "errno" in this.#failure ? this.#failure.errno : undefined;
    if (errno !== constants.Z_BUF_ERROR) throw badGzip(this.#name, this.#failure.message);
    this.cutShort = true;
  }

  #settled(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#failure || this.#ended) resolve();
      else start(resolve);
    });
  }
}
