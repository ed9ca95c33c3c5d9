/**
 * Bytes that arrive in chunks of any size and are read as records. A record that lies in one chunk
 * is read in place. Chunks are joined only when the bytes asked for are all there, so each byte is
 * copied a bounded number of times however small the chunks are, and no buffer is ever overwritten.
 */

const SMALL_CHUNK = 4096;
const BLOCK = 65_536;

export class ByteQueue {
  /** The buffer being read; the next byte is at `position`. Replaced when chunks are joined. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  position = 0;

  #base = 0;
  #later: Uint8Array[] = [];
  #laterLength = 0;
  // Small chunks share a block, because a list of a million one-byte views would outweigh the data.
  #block: Uint8Array = new Uint8Array(0);
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
    const joined = new Uint8Array(this.available);
    joined.set(this.bytes.subarray(this.position));
    let end = this.bytes.length - this.position;
    for (const chunk of this.#later) {
      joined.set(chunk, end);
      end += chunk.length;
    }
    this.#base += this.position;
    this.#later = [];
    this.#laterLength = 0;
    this.#use(joined);
    return true;
  }

  /** Moves past `count` bytes that `has` has confirmed. */
  skip(count: number): void {
    this.position += count;
  }

  #use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  #closeBlock(): void {
    if (this.#blockUsed > 0) this.#later.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = new Uint8Array(0);
    this.#blockUsed = 0;
  }
}
