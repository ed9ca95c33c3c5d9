/**
 * Bytes that arrive in chunks of any size and are read as records. A record that lies in one chunk
 * is read in place. Chunks are joined only when the bytes asked for are all there, and no further than
 * asked, so each byte is copied a bounded number of times however small the chunks are.
 */

const EMPTY = new Uint8Array(0);
const SMALL_CHUNK = 4096;
const BLOCK = 65_536;

export class ByteQueue {
  /** The buffer being read; the next byte is at `position`. Replaced when chunks are joined. */
  bytes: Uint8Array = EMPTY;
  view: DataView = new DataView(this.bytes.buffer);
  position = 0;

  #base = 0;
  #later: Uint8Array[] = [];
  #laterLength = 0;
  /** So many of the later chunks are copies already. */
  #released = 0;
  // Small chunks share a block, because a list of a million one-byte views would outweigh the data.
  #block: Uint8Array = EMPTY;
  #blockUsed = 0;

  /** Bytes not yet read. */
  get available(): number {
    return this.bytes.length - this.position + this.#laterLength;
  }

  /** Offset of the next byte from the start of the stream. */
  get offset(): number {
    return this.#base + this.position;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.position === this.bytes.length && this.#laterLength === 0) {
      this.#base += this.bytes.length;
      this.#use(chunk);
      return;
    }
    this.#laterLength += chunk.length;
    if (chunk.length > SMALL_CHUNK) {
      this.#closeBlock();
      this.#later.push(chunk);
      return;
    }
    if (this.#blockUsed + chunk.length > this.#block.length) {
      this.#closeBlock();
      this.#block = new Uint8Array(BLOCK);
    }
    this.#block.set(chunk, this.#blockUsed);
    this.#blockUsed += chunk.length;
  }

  /** True when `count` bytes are there; they then lie in `bytes` from `position` on. */
  has(count: number): boolean {
    if (this.bytes.length - this.position >= count) return true;
    if (this.available < count) return false;
    this.#closeBlock();
    this.#base += this.position;
    const rest = this.bytes.subarray(this.position);
    const next = this.#later[0];
    if (rest.length === 0 && next && next.length >= count) {
      this.#later.shift();
      this.#laterLength -= next.length;
      this.#use(next);
    } else this.#use(this.#joined(rest, count));
    return true;
  }

  /** Moves past `count` bytes that `has` has confirmed. */
  skip(count: number): void {
    this.position += count;
  }

  /** Copies what is still to be read out of the chunks, whose owner may then overwrite them. */
  release(): void {
    // Not slice(): that of a Buffer is a view.
    const rest = new Uint8Array(this.bytes.subarray(this.position));
    this.#base += this.position;
    this.#use(rest);
    this.#closeBlock();
    for (; this.#released < this.#later.length; this.#released++) {
      const chunk = this.#later[this.#released];
      if (chunk) this.#later[this.#released] = new Uint8Array(chunk);
    }
  }

  /** `rest` and as much of the later chunks as makes `count` bytes; what follows stays in place. */
  #joined(rest: Uint8Array, count: number): Uint8Array {
    const joined = new Uint8Array(count);
    joined.set(rest);
    let end = rest.length;
    let whole = 0;
    for (; end < count; whole++) {
      const chunk = this.#later[whole] ?? EMPTY;
      const taken = Math.min(chunk.length, count - end);
      joined.set(taken === chunk.length ? chunk : chunk.subarray(0, taken), end);
      end += taken;
      this.#laterLength -= taken;
      if (taken === chunk.length) continue;
      this.#later[whole] = chunk.subarray(taken);
      break;
    }
    this.#later.splice(0, whole);
    this.#released = Math.max(0, this.#released - whole);
    return joined;
  }

  #use(bytes: Uint8Array): void {
    // Plain arrays throughout: code that meets Buffers too is compiled for both, and again when it does.
    this.bytes = bytes instanceof Buffer ? plain(bytes) : bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  #closeBlock(): void {
    if (this.#blockUsed === 0) return;
    this.#later.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = this.#block.subarray(this.#blockUsed);
    this.#blockUsed = 0;
  }
}

function plain({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
