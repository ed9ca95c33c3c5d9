/** TCP header and options (RFC 9293 §3.1 and §3.2, RFC 7323, RFC 2018). */
import { read16, read32 } from "./bytes.ts";
import type { Packet } from "./packet.ts";
import type { Segment } from "./segment.ts";

const HEADER = 20;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;
const OPTION_SACK_PERMITTED = 4;
const OPTION_TIMESTAMPS = 8;

/** Reads the TCP header at `into.transportAt`. */
export function readTcp(packet: Packet, into: Segment): "tcp" | "cut" | "malformed" {
  const { bytes } = packet;
  const at = into.transportAt;
  const end = packet.start + packet.capturedLength;
  if (into.transportLength < HEADER) return into.firstFragment ? "cut" : "malformed";
  if (end - at < HEADER) return "cut";
  const headerLength = ((bytes[at + 12] ?? 0) >> 4) * 4;
  if (headerLength < HEADER || headerLength > into.transportLength) return "malformed";
  into.sourcePort = read16(bytes, at);
  into.targetPort = read16(bytes, at + 2);
  into.sequence = read32(bytes, at + 4);
  into.acknowledgement = read32(bytes, at + 8);
  into.flags = bytes[at + 13] ?? 0;
  into.window = read16(bytes, at + 14);
  into.payloadLength = into.transportLength - headerLength;
  into.hasTimestamps = false;
  into.tsval = 0;
  into.tsecr = 0;
  into.mss = -1;
  into.windowScale = -1;
  into.sackPermitted = false;
  const optionsEnd = at + headerLength;
  into.optionsWhole = optionsEnd <= end;
  readOptions(bytes, at + HEADER, Math.min(optionsEnd, end), into);
  return "tcp";
}

function readOptions(bytes: Uint8Array, from: number, end: number, into: Segment): void {
  let at = from;
  while (at < end) {
    const kind = bytes[at] ?? 0;
    if (kind === OPTION_END) return;
    if (kind === OPTION_NOP) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    // A length below 2 would never get further; one beyond the header would read payload.
    if (length < 2 || at + length > end) {
      into.optionsWhole = false;
      return;
    }
    readOption(bytes, at, kind, length, into);
    at += length;
  }
}

/** An option whose length is not the one its kind has is passed over. */
function readOption(
  bytes: Uint8Array,
  at: number,
  kind: number,
  length: number,
  into: Segment,
): void {
  if (kind === OPTION_TIMESTAMPS && length === 10) {
    into.hasTimestamps = true;
    into.tsval = read32(bytes, at + 2);
    into.tsecr = read32(bytes, at + 6);
  } else if (kind === OPTION_MSS && length === 4) {
    into.mss = read16(bytes, at + 2);
  } else if (kind === OPTION_WINDOW_SCALE && length === 3) {
    into.windowScale = bytes[at + 2] ?? 0;
  } else if (kind === OPTION_SACK_PERMITTED && length === 2) {
    into.sackPermitted = true;
  }
}
