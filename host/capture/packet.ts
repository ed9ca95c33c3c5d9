/** What the capture readers deliver: one captured packet, and remarks on the capture as a whole. */

/** One packet of a capture. `bytes` may hold far more than this packet: `data` is the packet alone. */
export class Packet {
  /** Number of the packet in the capture, counted from 1, as Wireshark counts. */
  readonly frame: number;
  /** Capture time in whole microseconds since 1970. */
  readonly timeUs: number;
  /** What is left of the capture time below one microsecond, 0 … 999 ns. */
  readonly nanos: number;
  /** LINKTYPE_ number (tcpdump.org), one of `SUPPORTED_LINK_TYPES`. */
  readonly linkType: number;
  /** Interface that saw the packet, counted from 0 over the whole file. */
  readonly interfaceId: number;
  /** Bytes kept in the capture; fewer than `originalLength` if it was cut to a snapshot length. */
  readonly capturedLength: number;
  /** Bytes on the wire. */
  readonly originalLength: number;
  /** The buffer that holds the packet, from `start` on. */
  readonly bytes: Uint8Array;
  readonly start: number;

  constructor(fields: Omit<Packet, "data">) {
    this.frame = fields.frame;
    this.timeUs = fields.timeUs;
    this.nanos = fields.nanos;
    this.linkType = fields.linkType;
    this.interfaceId = fields.interfaceId;
    this.capturedLength = fields.capturedLength;
    this.originalLength = fields.originalLength;
    this.bytes = fields.bytes;
    this.start = fields.start;
  }

  /** The captured bytes, a view without a copy. It stays valid: readers never reuse a buffer. */
  get data(): Uint8Array {
    return this.bytes.subarray(this.start, this.start + this.capturedLength);
  }
}

export type CaptureNoteCode =
  | "truncated"
  | "unsupported-interface"
  | "time-went-back"
  | "fragments"
  | "headers-cut"
  | "malformed"
  | "midstream"
  | "implausible-number"
  | "folded-early"
  | "boot-time-unused"
  | "device-silent";

/**
 * A remark that a judgement of the capture has to pass on: something was not seen, or not read.
 * `truncated` is the one that must keep a check from passing as if the capture were whole.
 */
export interface CaptureNote {
  readonly code: CaptureNoteCode;
  /** How many packets (or connections) it concerns. */
  readonly count: number;
  /** One sentence: what, and where. */
  readonly message: string;
}

/** Largest packet or block that is read, in bytes. Wireshark's own limit is lower still. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024;
