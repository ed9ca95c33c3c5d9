/** IPv4 (RFC 791) and IPv6 (RFC 8200) headers: addresses, protocol, and the transport's length. */
import { read16, read32 } from "./bytes.ts";
import type { Packet } from "./packet.ts";
import type { Segment } from "./segment.ts";

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
const JUMBO_OPTION = 0xc2;

export type NetworkResult = "transport" | "later-fragment" | "cut" | "malformed";

/**
 * Reads an IPv4 header at `into.networkAt`. A total length of 0 is what a sender with segmentation
 * offload hands to the capture: then the length on the wire counts.
 */
export function readIpv4(packet: Packet, into: Segment): NetworkResult {
  const { bytes } = packet;
  const at = into.networkAt;
  const captured = packet.start + packet.capturedLength - at;
  if (captured < 20) return "cut";
  const first = bytes[at] ?? 0;
  const headerLength = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerLength < 20) return "malformed";
  const totalLength = read16(bytes, at + 2) || packet.start + packet.originalLength - at;
  if (totalLength < headerLength) return "malformed";
  into.family = 4;
  into.source0 = read32(bytes, at + 12);
  into.target0 = read32(bytes, at + 16);
  into.source1 = into.source2 = into.source3 = 0;
  into.target1 = into.target2 = into.target3 = 0;
  into.protocol = bytes[at + 9] ?? 0;
  into.transportAt = at + headerLength;
  into.transportLength = totalLength - headerLength;
  const fragment = read16(bytes, at + 6);
  into.firstFragment = (fragment & 0x2000) !== 0;
  if ((fragment & 0x1fff) !== 0) return "later-fragment";
  return captured < headerLength ? "cut" : "transport";
}

/** Reads an IPv6 header at `into.networkAt` and the extension headers behind it. */
export function readIpv6(packet: Packet, into: Segment): NetworkResult {
  const { bytes } = packet;
  const at = into.networkAt;
  const end = packet.start + packet.capturedLength;
  if (end - at < 40) return "cut";
  if ((bytes[at] ?? 0) >> 4 !== 6) return "malformed";
  into.family = 6;
  into.source0 = read32(bytes, at + 8);
  into.source1 = read32(bytes, at + 12);
  into.source2 = read32(bytes, at + 16);
  into.source3 = read32(bytes, at + 20);
  into.target0 = read32(bytes, at + 24);
  into.target1 = read32(bytes, at + 28);
  into.target2 = read32(bytes, at + 32);
  into.target3 = read32(bytes, at + 36);
  into.firstFragment = false;
  // 0 stands for a jumbogram (RFC 2675) or for segmentation offload; both lengths are elsewhere.
  const stated = read16(bytes, at + 4);
  const payloadLength = stated || packet.start + packet.originalLength - (at + 40);
  return skipExtensions(bytes, at + 40, end, payloadLength, bytes[at + 6] ?? 0, into);
}

function skipExtensions(
  bytes: Uint8Array,
  firstAt: number,
  end: number,
  payloadLength: number,
  firstProtocol: number,
  into: Segment,
): NetworkResult {
  let at = firstAt;
  let left = payloadLength;
  let protocol = firstProtocol;
  for (;;) {
    into.protocol = protocol;
    into.transportAt = at;
    into.transportLength = left;
    if (!isExtension(protocol)) return "transport";
    if (end - at < 8) return "cut";
    const length = extensionLength(protocol, bytes[at + 1] ?? 0);
    if (length > left) return "malformed";
    if (protocol === FRAGMENT) {
      const field = read16(bytes, at + 2);
      into.firstFragment = (field & 1) !== 0;
      if (field >> 3 !== 0) {
        into.protocol = bytes[at] ?? 0;
        return "later-fragment";
      }
    } else if (protocol === HOP_BY_HOP && bytes[at + 2] === JUMBO_OPTION && bytes[at + 3] === 4) {
      left = read32(bytes, at + 4);
      if (length > left) return "malformed";
    }
    protocol = bytes[at] ?? 0;
    at += length;
    left -= length;
  }
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** Most count 8-byte units after the first; the authentication header 4-byte units (RFC 4302). */
function extensionLength(protocol: number, field: number): number {
  if (protocol === FRAGMENT) return 8;
  return protocol === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8;
}
