/** Link layers (tcpdump.org, "Link-layer header types"): where the network layer starts. */
import { read16, read32 } from "./bytes.ts";
import type { Packet } from "./packet.ts";
import type { Segment } from "./segment.ts";

const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  rawOld: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppoe: 51,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  pppWithDirection: 204,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

export const SUPPORTED_LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [LINK_TYPE.null, "BSD loopback"],
  [LINK_TYPE.ethernet, "Ethernet"],
  [LINK_TYPE.ppp, "PPP"],
  [LINK_TYPE.rawOld, "raw IP"],
  [LINK_TYPE.rawOpenBsd, "raw IP"],
  [LINK_TYPE.pppHdlc, "PPP in HDLC framing"],
  [LINK_TYPE.pppoe, "PPPoE"],
  [LINK_TYPE.raw, "raw IP"],
  [LINK_TYPE.loop, "OpenBSD loopback"],
  [LINK_TYPE.linuxCooked, "Linux cooked"],
  [LINK_TYPE.pppWithDirection, "PPP with direction"],
  [LINK_TYPE.ipv4, "raw IPv4"],
  [LINK_TYPE.ipv6, "raw IPv6"],
  [LINK_TYPE.linuxCooked2, "Linux cooked v2"],
]);

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

const ETHERTYPE_PPPOE_SESSION = 0x8864;
const PPPOE_HEADER = 6;
const SNAP_LENGTH = 8;

/**
 * Sets `etherType` and `networkAt` of `into`. False if the packet is too short to tell, or carries
 * no network layer that is known.
 */
export function locateNetwork(packet: Packet, into: Segment): boolean {
  const { bytes, start } = packet;
  const end = start + packet.capturedLength;
  switch (packet.linkType) {
    case LINK_TYPE.ethernet:
      return end - start >= 14 && ethernetPayload(bytes, start + 12, end, into);
    case LINK_TYPE.rawOld:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.raw:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      return start < end && byVersion(bytes, start, into);
    case LINK_TYPE.linuxCooked:
      return end - start >= 16 && ethernetPayload(bytes, start + 14, end, into);
    case LINK_TYPE.linuxCooked2:
      if (end - start < 20) return false;
      return taggedPayload(bytes, read16(bytes, start), start + 20, end, into);
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      return end - start >= 4 && byAddressFamily(bytes, start, into);
    case LINK_TYPE.ppp:
    case LINK_TYPE.pppHdlc:
      return pppPayload(bytes, start, end, into);
    case LINK_TYPE.pppWithDirection:
      return pppPayload(bytes, start + 1, end, into);
    case LINK_TYPE.pppoe:
      return pppPayload(bytes, start + PPPOE_HEADER, end, into);
    default:
      return false;
  }
}

/** The type field at `typeAt` is the last one of the link header. */
function ethernetPayload(bytes: Uint8Array, typeAt: number, end: number, into: Segment): boolean {
  return taggedPayload(bytes, read16(bytes, typeAt), typeAt + 2, end, into);
}

function taggedPayload(
  bytes: Uint8Array,
  firstType: number,
  payloadAt: number,
  end: number,
  into: Segment,
): boolean {
  let type = firstType;
  let at = payloadAt;
  // VLAN (802.1Q) and QinQ (802.1ad, and the types used before it): 2 bytes of tag, then a type.
  while (type === 0x8100 || type === 0x88a8 || type === 0x9100 || type === 0x9200) {
    if (end - at < 4) return false;
    type = read16(bytes, at + 2);
    at += 4;
  }
  if (type === ETHERTYPE_PPPOE_SESSION) return pppPayload(bytes, at + PPPOE_HEADER, end, into);
  if (type <= 1500) {
    // A length, not a type: LLC, which carries IP only behind a SNAP header.
    if (end - at < SNAP_LENGTH || read32(bytes, at) !== 0xaaaa0300) return false;
    type = read16(bytes, at + 6);
    at += SNAP_LENGTH;
  }
  into.etherType = type;
  into.networkAt = at;
  return true;
}

function byVersion(bytes: Uint8Array, at: number, into: Segment): boolean {
  const version = (bytes[at] ?? 0) >> 4;
  into.networkAt = at;
  into.etherType = version === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
  return version === 4 || version === 6;
}

/** The family has the byte order of the machine that recorded, and AF_INET6 differs by system. */
function byAddressFamily(bytes: Uint8Array, at: number, into: Segment): boolean {
  const big = read32(bytes, at);
  const family = big > 0xffff ? read16(bytes, at) >> 8 : big;
  into.networkAt = at + 4;
  if (family === 2) into.etherType = ETHERTYPE.ipv4;
  else if (family === 24 || family === 28 || family === 30) into.etherType = ETHERTYPE.ipv6;
  else return false;
  return true;
}

function pppPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
  let at = start;
  if (end - at >= 2 && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
  if (at >= end) return false;
  // Protocol-field compression (RFC 1661 §6.5): an odd first byte is the whole field.
  const short = ((bytes[at] ?? 0) & 1) === 1;
  if (!short && end - at < 2) return false;
  const protocol = short ? (bytes[at] ?? 0) : read16(bytes, at);
  into.networkAt = at + (short ? 1 : 2);
  if (protocol === 0x0021) into.etherType = ETHERTYPE.ipv4;
  else if (protocol === 0x0057) into.etherType = ETHERTYPE.ipv6;
  else return false;
  return true;
}
