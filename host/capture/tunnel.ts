/**
 * Tunnels: where the packet within begins. VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U (3GPP TS 29.281),
 * GRE (RFC 2784, RFC 2890, RFC 2637), ERSPAN, IP in IP (RFC 2003, RFC 2473, RFC 4213), MPLS in UDP.
 */
import { read16 } from "./bytes.ts";
import { byVersion, ETHERTYPE, ethernetFrame, pppPayload, taggedPayload } from "./link.ts";
import { type Segment, TUNNEL } from "./segment.ts";

export const PROTOCOL = {
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  ah: 51,
  icmp6: 58,
  mpls: 137,
};

const UDP_HEADER = 8;
const VXLAN_HEADER = 8;
const GTP_HEADER = 8;
const GENEVE_HEADER = 8;

/**
 * Looks into the payload of an IP packet. `inside`: a packet within was located, and `into.etherType`,
 * `networkAt` and `tunnel` are its; `broken`: a tunnel, but what is in it cannot be told; `none`: no tunnel.
 */
export function enterTunnel(
  bytes: Uint8Array,
  end: number,
  into: Segment,
): "inside" | "broken" | "none" {
  const at = into.transportAt;
  const isOver4 = into.family === 4;
  switch (into.protocol) {
    case PROTOCOL.ipv4:
    case PROTOCOL.ipv6: {
      const isInner4 = into.protocol === PROTOCOL.ipv4;
      if (at >= end || !byVersion(bytes, at, into)) return "broken";
      into.tunnel = isInner4
        ? isOver4
          ? TUNNEL.ipInIp
          : TUNNEL.ip4InIp6
        : isOver4
          ? TUNNEL.ip6InIp4
          : TUNNEL.ipInIp;
      return "inside";
    }
    case PROTOCOL.gre:
      return enterGre(bytes, at, end, into);
    case PROTOCOL.mpls:
      return taggedPayload(bytes, ETHERTYPE.mpls, at, end, into) ? "inside" : "broken";
    case PROTOCOL.udp:
      return enterUdp(bytes, at, end, into);
    default:
      return "none";
  }
}

/** The packet within what a type field announces; another protocol than IP is none of ours. */
function enterGre(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Segment,
): "inside" | "broken" | "none" {
  if (end - at < 4) return "broken";
  const flags = read16(bytes, at);
  // Source routing (RFC 1701) is not followed.
  if ((flags & 0x4000) !== 0) return "broken";
  const type = read16(bytes, at + 2);
  const hasSequence = (flags & 0x1000) !== 0;
  const optional = [0x8000, 0x2000, 0x1000].filter((bit) => (flags & bit) !== 0).length;
  const hasAck = (flags & 7) === 1 && (flags & 0x0080) !== 0;
  const inner = at + 4 + 4 * optional + (hasAck ? 4 : 0);
  if (inner >= end) return type === 0 ? "none" : "broken";
  into.tunnel = TUNNEL.gre;
  const isFound = grePayload(type, bytes, inner, end, hasSequence, into);
  return isFound && isNetwork(into.etherType) ? "inside" : "none";
}

function grePayload(
  type: number,
  bytes: Uint8Array,
  inner: number,
  end: number,
  hasSequence: boolean,
  into: Segment,
): boolean {
  switch (type) {
    case ETHERTYPE.ethernet:
      return ethernetFrame(bytes, inner, end, into);
    case ETHERTYPE.ppp:
      into.tunnel = TUNNEL.ppp;
      return pppPayload(bytes, inner, end, into);
    case 0x88be:
      // Type II has a header of 8 bytes; type I has neither sequence number nor header.
      into.tunnel = TUNNEL.erspan;
      return ethernetFrame(bytes, hasSequence ? inner + 8 : inner, end, into);
    case 0x22eb: {
      into.tunnel = TUNNEL.erspan;
      const hasPlatform = ((bytes[inner + 11] ?? 0) & 1) !== 0;
      return ethernetFrame(bytes, inner + 12 + (hasPlatform ? 8 : 0), end, into);
    }
    default:
      return taggedPayload(bytes, type, inner, end, into);
  }
}

function isNetwork(type: number): boolean {
  return type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6 || type === ETHERTYPE.arp;
}

/** Only by the registered ports; what does not look like the tunnel of its port is ordinary UDP. */
function enterUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Segment,
): "inside" | "broken" | "none" {
  if (end - at < UDP_HEADER + 1) return "none";
  const { etherType, networkAt, tunnel } = into;
  const inner = at + UDP_HEADER;
  const isFound = enterByPort(read16(bytes, at + 2), bytes, inner, end, into);
  if (isFound) return "inside";
  // What was tried has left its marks.
  into.etherType = etherType;
  into.networkAt = networkAt;
  into.tunnel = tunnel;
  return "none";
}

function enterByPort(
  port: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Segment,
): boolean {
  switch (port) {
    case 4789:
    case 8472:
      if (((bytes[at] ?? 0) & 0x08) === 0 || end - at < VXLAN_HEADER) return false;
      into.tunnel = TUNNEL.vxlan;
      return ethernetFrame(bytes, at + VXLAN_HEADER, end, into) && isNetwork(into.etherType);
    case 4790:
      into.tunnel = TUNNEL.vxlan;
      return vxlanGpePayload(bytes, at, end, into);
    case 6081: {
      if ((bytes[at] ?? 0) >> 6 !== 0 || end - at < GENEVE_HEADER) return false;
      into.tunnel = TUNNEL.geneve;
      const options = ((bytes[at] ?? 0) & 0x3f) * 4;
      return byType(read16(bytes, at + 2), bytes, at + GENEVE_HEADER + options, end, into);
    }
    case 2152:
      into.tunnel = TUNNEL.gtpU;
      return gtpPayload(bytes, at, end, into);
    case 6635:
      return taggedPayload(bytes, ETHERTYPE.mpls, at, end, into) && isNetwork(into.etherType);
    default:
      return false;
  }
}

function vxlanGpePayload(bytes: Uint8Array, at: number, end: number, into: Segment): boolean {
  if (end - at < VXLAN_HEADER) return false;
  const types = [0, ETHERTYPE.ipv4, ETHERTYPE.ipv6, ETHERTYPE.ethernet];
  return byType(types[bytes[at + 3] ?? 0] ?? 0, bytes, at + VXLAN_HEADER, end, into);
}

function byType(type: number, bytes: Uint8Array, at: number, end: number, into: Segment): boolean {
  if (at >= end) return false;
  if (type === ETHERTYPE.ethernet)
    return ethernetFrame(bytes, at, end, into) && isNetwork(into.etherType);
  if (type !== ETHERTYPE.ipv4 && type !== ETHERTYPE.ipv6) return false;
  return byVersion(bytes, at, into) && into.etherType === type;
}

/** Version 1, a user packet (255); optional fields and extension headers before it. */
function gtpPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
  const flags = bytes[start] ?? 0;
  if ((flags & 0xf0) !== 0x30 || bytes[start + 1] !== 255) return false;
  let at = start + GTP_HEADER;
  if ((flags & 7) !== 0) {
    let next = bytes[at + 3] ?? 0;
    at += 4;
    while (next !== 0 && (flags & 4) !== 0) {
      const length = (bytes[at] ?? 0) * 4;
      if (length === 0 || at + length >= end) return false;
      next = bytes[at + length - 1] ?? 0;
      at += length;
    }
  }
  return at < end && byVersion(bytes, at, into);
}
