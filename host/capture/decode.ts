/** From a packet to a segment: link, network and transport layer in one go, without allocation. */
import { read16 } from "./bytes.ts";
import { readIpv4, readIpv6 } from "./ip.ts";
import { ETHERTYPE, locateNetwork } from "./link.ts";
import type { Packet } from "./packet.ts";
import type { PacketKind, Segment } from "./segment.ts";
import { readTcp } from "./tcp.ts";

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PROTOCOL_ICMP6 = 58;

/**
 * Decodes `packet` into `into`, whose earlier contents are lost, and returns `into.kind`.
 * Only the fields of the layers that the kind has are set. Lengths come from the IP header, never
 * from the number of bytes captured. Never throws.
 */
export function decodePacket(packet: Packet, into: Segment): PacketKind {
  into.kind = kindOf(packet, into);
  return into.kind;
}

function kindOf(packet: Packet, into: Segment): PacketKind {
  if (!locateNetwork(packet, into)) return "other";
  if (into.etherType === ETHERTYPE.arp) return "arp";
  if (into.etherType !== ETHERTYPE.ipv4 && into.etherType !== ETHERTYPE.ipv6) return "other";
  const isIpv4 = into.etherType === ETHERTYPE.ipv4;
  const network = isIpv4 ? readIpv4(packet, into) : readIpv6(packet, into);
  if (network === "cut" || network === "malformed") return network;
  if (network === "later-fragment") {
    return into.protocol === PROTOCOL_TCP ? "tcp-fragment" : "other";
  }
  if (into.protocol === PROTOCOL_TCP) return readTcp(packet, into);
  if (into.protocol === PROTOCOL_UDP) return readUdpPorts(packet, into);
  return into.protocol === PROTOCOL_ICMP6 ? "icmp6" : "other";
}

function readUdpPorts(packet: Packet, into: Segment): PacketKind {
  if (packet.start + packet.capturedLength - into.transportAt < 8) return "other";
  into.sourcePort = read16(packet.bytes, into.transportAt);
  into.targetPort = read16(packet.bytes, into.transportAt + 2);
  return "udp";
}
