/**
 * The checksums of IPv4 (RFC 791 §3.1) and TCP (RFC 9293 §3.1) over what was captured. Verified for
 * every packet, so they are summed four bytes at a time.
 */
import { read16 } from "./bytes.ts";
import type { Packet } from "./packet.ts";
import type { Segment } from "./segment.ts";

/**
 * `unfilled`: the field is 0, or holds the sum of the pseudo header alone: the sender's adapter
 * completes it after the place of the capture (offload), so on the wire it was right.
 * `unknown`: not captured whole, or a fragment.
 */
export type ChecksumState = "ok" | "bad" | "unfilled" | "unknown";

/** The sum over a header or segment that holds its own checksum, if that is right. */
const RIGHT = 0xffff;

/** Verifies the header checksum of a packet that was decoded into `segment`; `ok` for IPv6. */
export function ipv4Checksum(packet: Packet, segment: Segment): ChecksumState {
  if (segment.family === 6) return "ok";
  const { networkAt, transportAt } = segment;
  if (transportAt > packet.start + packet.capturedLength) return "unknown";
  if (folded(sumOf(packet.view, networkAt, transportAt)) === RIGHT) return "ok";
  return read16(packet.bytes, networkAt + 10) === 0 ? "unfilled" : "bad";
}

/** Verifies the TCP checksum of a packet that was decoded into `segment`. */
export function tcpChecksum(packet: Packet, segment: Segment): ChecksumState {
  if (!isWhole(packet, segment)) return "unknown";
  if (folded(tcpSum(packet, segment)) === RIGHT) return "ok";
  const field = read16(packet.bytes, segment.transportAt + 16);
  return field === 0 || field === folded(pseudoHeaderSum(segment)) ? "unfilled" : "bad";
}

/** Whether the TCP checksum would be right with the number `due` in place of `seen` (both u32). */
export function tcpChecksumFits(
  packet: Packet,
  segment: Segment,
  seen: number,
  due: number,
): boolean {
  if (!isWhole(packet, segment)) return false;
  // One's complement: subtracting is adding the complement (RFC 1624).
  const changed = tcpSum(packet, segment) + words(due) + 2 * 0xffff - words(seen);
  return folded(changed) === RIGHT;
}

function isWhole(
  packet: Packet,
  { transportAt, transportLength, firstFragment }: Segment,
): boolean {
  return !firstFragment && transportAt + transportLength <= packet.start + packet.capturedLength;
}

function tcpSum(packet: Packet, segment: Segment): number {
  const { transportAt, transportLength } = segment;
  return pseudoHeaderSum(segment) + sumOf(packet.view, transportAt, transportAt + transportLength);
}

function pseudoHeaderSum(segment: Segment): number {
  let sum = segment.protocol + words(segment.transportLength);
  sum += words(segment.source0) + words(segment.target0);
  if (segment.family === 4) return sum;
  sum += words(segment.source1) + words(segment.source2) + words(segment.source3);
  return sum + words(segment.target1) + words(segment.target2) + words(segment.target3);
}

/** Sum of the 16-bit words of the bytes; an odd one at the end counts as if a zero followed. */
function sumOf(view: DataView, from: number, end: number): number {
  let high = 0;
  let low = 0;
  let at = from;
  for (const last = end - 4; at <= last; at += 4) {
    const word = view.getInt32(at);
    high += word >>> 16;
    low += word & 0xffff;
  }
  if (end - at >= 2) {
    high += view.getUint16(at);
    at += 2;
  }
  return at < end ? high + low + (view.getUint8(at) << 8) : high + low;
}

/** Sums stay below 2^53 for any length that is read; folded only at the end. */
function folded(sum: number): number {
  let left = sum;
  while (left > 0xffff) left = (left % 0x1_0000) + Math.floor(left / 0x1_0000);
  return left;
}

function words(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}
