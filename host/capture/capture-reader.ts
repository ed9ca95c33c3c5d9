/** Opens a capture of any supported format, from a file or a stream, and delivers its packets. */
import { open } from "node:fs/promises";
import { plural } from "../core/plural.ts";
import { ByteQueue } from "./byte-queue.ts";
import { cutShort, emptyCapture, notACapture, openFailure } from "./capture-errors.ts";
import { Unpacker } from "./gunzip.ts";
import type { CaptureNote, Packet, TakePacket } from "./packet.ts";
import type { CaptureParser } from "./parser.ts";
import { PcapParser, pcapVariant } from "./pcap.ts";
import { PcapngParser, SECTION_HEADER_BLOCK } from "./pcapng.ts";

/** A path, or the bytes themselves (standard input, say). */
export type CaptureSource = string | AsyncIterable<Uint8Array>;

const READ_BYTES = 262_144;

/** Whether a file is read into two buffers in turns, or into new ones, so that packets last. */
type Buffers = typeof REUSE | typeof KEEP;
const REUSE = "reuse";
const KEEP = "keep";

/**
 * A capture being read, once, front to back. Iterate over the packets, or over `pieces()` where
 * speed counts; `notes` and `truncated` are complete when the iteration has ended.
 *
 * Throws UsageError: `capture-not-found`, `capture-is-directory`, `capture-unreadable`,
 * `capture-empty`, `capture-not-recognised`, `capture-version`, `capture-cut-short` (no whole
 * packet), `capture-bad-length`, `capture-link-type`, `capture-bad-gzip`. A capture that is cut
 * short after whole packets delivers them and says so in `truncated`.
 */
export class CaptureReader implements AsyncIterable<Packet> {
  /** What errors call the capture: its path, or a name for the stream. */
  readonly name: string;
  readonly #source: CaptureSource;
  #notes: readonly CaptureNote[] = [];
  #parser: CaptureParser | undefined;
  #packed = false;
  #packedCutShort = false;

  constructor(source: CaptureSource, name?: string) {
    this.#source = source;
    this.name = name ?? (typeof source === "string" ? source : "standard input");
  }

  get notes(): readonly CaptureNote[] {
    return this.#notes;
  }

  /** The capture ends within a packet: later packets may be missing. */
  get truncated(): boolean {
    return this.#notes.some((note) => note.code === "truncated");
  }

  /** Known once the first packet has been delivered. */
  get format(): "pcap" | "pcapng" | undefined {
    return this.#parser?.format;
  }

  get gzip(): boolean {
    return this.#packed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Packet> {
    const batch: Packet[] = [];
    for await (const _count of this.pieces((packet) => batch.push({ ...packet }), KEEP)) {
      yield* batch.splice(0);
    }
  }

  /**
   * Reads the capture piece by piece and calls `take` for each packet, which is the fast way: the
   * packet and, for a file, its bytes are used again. Gives the number of packets after each piece.
   */
  async *pieces(take: TakePacket, buffers: Buffers = REUSE): AsyncGenerator<number> {
    const queue = new ByteQueue();
    for await (const chunk of this.#unpacked(buffers)) {
      queue.push(chunk);
      this.#parser ??= this.#recognise(queue);
      if (!this.#parser) continue;
      const before = this.#parser.delivered;
      let failure: unknown;
      try {
        this.#parser.parse(queue, take);
      } catch (error) {
        failure = error;
      }
      // Whole packets before the damage are delivered however the bytes were cut into chunks.
      const count = this.#parser.delivered - before;
      if (count > 0) yield count;
      if (failure !== undefined) throw failure;
      if (buffers === REUSE) queue.release();
    }
    this.#finish(queue);
  }

  #finish(queue: ByteQueue): void {
    if (!this.#parser) {
      if (queue.available > 0) throw cutShort(this.name, queue.available, "the file header");
      if (this.#packedCutShort) throw cutShort(this.name, 0, "the gzip header");
      throw emptyCapture(this.name);
    }
    this.#notes = this.#parser.end(queue);
    if (!this.#packedCutShort || this.truncated) return;
    const { delivered } = this.#parser;
    if (delivered === 0) throw cutShort(this.name, queue.offset, "the gzip stream");
    const message = `${this.name} is cut short within its gzip stream, after ${plural(delivered, "whole packet")}: what followed is lost`;
    this.#notes = [...this.#notes, { code: "truncated", count: 1, message }];
  }

  #recognise(queue: ByteQueue): CaptureParser | undefined {
    if (!queue.has(4)) return undefined;
    const { view, position: at } = queue;
    if (view.getUint32(at, true) === SECTION_HEADER_BLOCK) return new PcapngParser(this.name);
    const variant = pcapVariant(view, at);
    if (variant) return new PcapParser(this.name, variant);
    throw notACapture(this.name, hex(queue.bytes.subarray(at, at + 4)));
  }

  async *#unpacked(buffers: Buffers): AsyncGenerator<Uint8Array> {
    const source =
      typeof this.#source === "string" ? fileBytes(this.#source, buffers) : this.#source;
    let head: Uint8Array | undefined = new Uint8Array(0);
    let unpacker: Unpacker | undefined;
    try {
      for await (const chunk of source) {
        let bytes = chunk;
        if (head) {
          bytes = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
          head = bytes.length < 2 ? bytes : undefined;
          if (head) continue;
          if (bytes[0] === 0x1f && bytes[1] === 0x8b) unpacker = new Unpacker(this.name);
          this.#packed = unpacker !== undefined;
        }
        if (unpacker) yield* unpacker.write(bytes);
        else yield bytes;
      }
      if (head && head.length > 0) yield head;
      if (unpacker) yield* unpacker.end();
      this.#packedCutShort = unpacker?.cutShort ?? false;
    } finally {
      unpacker?.close();
    }
  }
}

/** Opens a capture; nothing is read before the first packet is asked for. */
export function openCapture(source: CaptureSource, options: { name?: string } = {}): CaptureReader {
  return new CaptureReader(source, options.name);
}

async function* fileBytes(path: string, buffers: Buffers): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const pair = [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)];
      const read = (turn: number) => {
        const kept = buffers === REUSE ? pair[turn & 1] : undefined;
        return file.read(kept ?? new Uint8Array(READ_BYTES), 0, READ_BYTES, null);
      };
      let coming = read(0);
      for (let turn = 1; ; turn++) {
        const { buffer, bytesRead } = await coming;
        if (bytesRead === 0) return;
        // The next piece is on its way while this one is looked at.
        coming = read(turn);
        // A failure is met at the next turn, if there is one.
        coming.catch(() => {});
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw openFailure(path, error);
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
