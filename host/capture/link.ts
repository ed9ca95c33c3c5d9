/** Link layers (tcpdump.org, "Link-layer header types"): where the network layer starts. */
import { read16, read32 } from "./bytes.ts";
import type { Packet } from "./packet.ts";
import { type Segment, TUNNEL } from "./segment.ts";

const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  rawOld: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppoe: 51,
  raw: 101,
  ieee80211: 105,
  loop: 108,
  linuxCooked: 113,
  ieee80211Radiotap: 127,
  ppi: 192,
  pppWithDirection: 204,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
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
  [LINK_TYPE.ieee80211, "Wi-Fi frames"],
  [LINK_TYPE.loop, "OpenBSD loopback"],
  [LINK_TYPE.linuxCooked, "Linux cooked"],
  [LINK_TYPE.ieee80211Radiotap, "Wi-Fi frames with radiotap"],
  [LINK_TYPE.ppi, "per-packet information"],
  [LINK_TYPE.pppWithDirection, "PPP with direction"],
  [LINK_TYPE.ipv4, "raw IPv4"],
  [LINK_TYPE.ipv6, "raw IPv6"],
  [LINK_TYPE.nflog, "Linux netfilter log"],
  [LINK_TYPE.linuxCooked2, "Linux cooked v2"],
]);

export const ETHERTYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  ethernet: 0x6558,
  ipv6: 0x86dd,
  ppp: 0x880b,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
} as const;

const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_VN_TAG = 0x8926;
const ETHERTYPE_E_TAG = 0x893f;
/** Tags in tags, as far as they are followed. */
const TAGS_MAX = 16;
const PPPOE_HEADER = 6;
const SNAP_LENGTH = 8;

/**
 * Sets `etherType` and `networkAt` of `into`. False if the packet is too short to tell, or carries
 * no network layer that is known.
 */
export function locateNetwork(packet: Packet, into: Segment): boolean {
  const { bytes, start } = packet;
  return locate(packet.linkType, bytes, start, start + packet.capturedLength, into);
}

function locate(
  linkType: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Segment,
): boolean {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return ethernetFrame(bytes, start, end, into);
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
    case LINK_TYPE.ieee80211:
      return wifiPayload(bytes, start, end, false, into);
    case LINK_TYPE.ieee80211Radiotap:
      return radiotapPayload(bytes, start, end, into);
    case LINK_TYPE.ppi: {
      const at = start + littleEndian16(bytes, start + 2);
      const inner = littleEndian16(bytes, start + 4);
      return end - start >= 8 && inner !== LINK_TYPE.ppi && locate(inner, bytes, at, end, into);
    }
    case LINK_TYPE.nflog:
      return nflogPayload(bytes, start, end, into);
    default:
      return false;
  }
}

/** A whole Ethernet frame: on the wire, or within a tunnel. */
export function ethernetFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Segment,
): boolean {
  return end - start >= 14 && ethernetPayload(bytes, start + 12, end, into);
}

/** The type field at `typeAt` is the last one of the link header. */
function ethernetPayload(bytes: Uint8Array, typeAt: number, end: number, into: Segment): boolean {
  return taggedPayload(bytes, read16(bytes, typeAt), typeAt + 2, end, into);
}

/** What follows a type field: tags and labels, and behind them the network layer. */
export function taggedPayload(
  bytes: Uint8Array,
  firstType: number,
  payloadAt: number,
  end: number,
  into: Segment,
): boolean {
  let type = firstType;
  let at = payloadAt;
  for (let tags = 0; tags < TAGS_MAX; tags++) {
    const length = tagLength(type);
    if (length === 0) break;
    if (end - at < length) return false;
    type = read16(bytes, at + length - 2);
    at += length;
  }
  if (type === ETHERTYPE.mpls || type === ETHERTYPE.mplsMulticast) {
    return mplsPayload(bytes, at, end, into);
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

/** Bytes of a tag and the type behind it; 0: the type is not that of a tag. */
function tagLength(type: number): number {
  switch (type) {
    // VLAN (802.1Q) and QinQ (802.1ad, and the types used before it).
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
      return 4;
    case ETHERTYPE_VN_TAG:
      return 6;
    case ETHERTYPE_E_TAG:
      return 8;
    default:
      return 0;
  }
}

/** Labels of 4 bytes up to the bottom of the stack (RFC 3032); then IP, or Ethernet (RFC 4448). */
function mplsPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
  let at = start;
  for (let labels = 0; labels < TAGS_MAX; labels++) {
    if (end - at < 5) return false;
    const isBottom = ((bytes[at + 2] ?? 0) & 1) === 1;
    at += 4;
    if (!isBottom) continue;
    into.tunnel = TUNNEL.mpls;
    if (byVersion(bytes, at, into)) return true;
    // A control word begins with 0; a frame without one with an address.
    return ethernetFrame(bytes, (bytes[at] ?? 0) >> 4 === 0 ? at + 4 : at, end, into);
  }
  return false;
}

function radiotapPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
  if (end - start < 8) return false;
  const length = littleEndian16(bytes, start + 2);
  // The field of flags, the second one, tells whether the header is padded to 4 bytes.
  const present = littleEndian16(bytes, start + 4);
  const isExtended = ((bytes[start + 7] ?? 0) & 0x80) !== 0;
  const flagsAt = start + 8 + ((present & 1) !== 0 ? 8 : 0);
  const flags = (present & 2) !== 0 && !isExtended ? (bytes[flagsAt] ?? 0) : 0;
  return wifiPayload(bytes, start + length, end, (flags & 0x20) !== 0, into);
}

/** A data frame of 802.11 that is not encrypted; the payload is LLC with SNAP. */
function wifiPayload(
  bytes: Uint8Array,
  start: number,
  end: number,
  isPadded: boolean,
  into: Segment,
): boolean {
  if (end - start < 24) return false;
  const control = bytes[start] ?? 0;
  const flags = bytes[start + 1] ?? 0;
  // Type 2 is data; the bit of 0x40 in the subtype means that there is none in it; 0x40 of the flags: encrypted.
  if (((control >> 2) & 3) !== 2 || (control & 0x40) !== 0 || (flags & 0x40) !== 0) return false;
  const isQos = (control & 0x80) !== 0;
  let length = 24 + ((flags & 3) === 3 ? 6 : 0) + (isQos ? 2 : 0);
  if (isQos && (flags & 0x80) !== 0) length += 4;
  if (isPadded) length = (length + 3) & ~3;
  const at = start + length;
  if (end - at < SNAP_LENGTH || read32(bytes, at) !== 0xaaaa0300) return false;
  return taggedPayload(bytes, read16(bytes, at + 6), at + SNAP_LENGTH, end, into);
}

/** Fields of length, type and value, in the byte order of the machine that recorded; 9 is the packet. */
function nflogPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
  let at = start + 4;
  while (end - at >= 4) {
    const little = littleEndian16(bytes, at);
    const isLittle = little >= 4 && little <= end - at;
    const length = isLittle ? little : read16(bytes, at);
    const type = isLittle ? littleEndian16(bytes, at + 2) : read16(bytes, at + 2);
    if (length < 4 || length > end - at) return false;
    if (type === 9) return length > 4 && byVersion(bytes, at + 4, into);
    at += (length + 3) & ~3;
  }
  return false;
}

function littleEndian16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function byVersion(bytes: Uint8Array, at: number, into: Segment): boolean {
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

export function pppPayload(bytes: Uint8Array, start: number, end: number, into: Segment): boolean {
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
