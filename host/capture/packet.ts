/** What the capture readers deliver: one captured packet, and remarks on the capture as a whole. */

/** One packet of a capture. `bytes` may hold far more than this packet: `data` is the packet alone. */
export interface Packet {
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
  /** The same bytes, for reading numbers. */
  readonly view: DataView;
  readonly start: number;
}

/** The captured bytes of a packet alone: a view, without a copy. */
export function packetData({ bytes, start, capturedLength }: Packet): Uint8Array {
  return bytes.subarray(start, start + capturedLength);
}

/** The packet that a parser fills anew for each packet of the capture, instead of making objects. */
export class PacketSlot implements Packet {
  frame = 0;
  // A fraction at first, so that the engine stores times in place and does not box each of them.
  timeUs = 0.5;
  nanos = 0;
  linkType = 0;
  interfaceId = 0;
  capturedLength = 0;
  originalLength = 0;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  start = 0;
}

/** Takes the next packet. The object and its bytes are used again: copy what has to last. */
export type TakePacket = (packet: Packet) => void;

export type CaptureNoteCode =
  | "truncated"
  | "unsupported-interface"
  | "no-time"
  | "wire-length-understated"
  | "time-went-back"
  | "recorded-twice"
  | "fragments"
  | "headers-cut"
  | "malformed"
  | "tunnelled"
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

/**
 * A recorder may leave the length on the wire at 0, or at less than it kept; a packet of up to this many
 * bytes is then read all the same. Beyond, such lengths are a sign of damage.
 */
export const UNDERSTATED_BYTES_MAX = 262_144;

/** Largest packet or block that is read, in bytes. Wireshark's own limit is lower still. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024;
