/** From a packet to a segment: link, network and transport layer in one go, without allocation. */
import { read16 } from "./bytes.ts";
import { readIpv4, readIpv6 } from "./ip.ts";
import { ETHERTYPE, locateNetwork } from "./link.ts";
import type { Packet } from "./packet.ts";
import type { PacketKind, Segment } from "./segment.ts";
import { readTcp } from "./tcp.ts";
import { enterTunnel, PROTOCOL } from "./tunnel.ts";

/** Tunnels in tunnels, as far as they are followed. */
const DEPTH_MAX = 8;

/**
 * Decodes `packet` into `into`, whose earlier contents are lost, and returns `into.kind`.
 * Only the fields of the layers that the kind has are set; of a tunnel they are those of the packet
 * within. Lengths come from the IP header, never from the number of bytes captured. Never throws.
 */
export function decodePacket(packet: Packet, into: Segment): PacketKind {
  into.tunnel = 0;
  into.kind = locateNetwork(packet, into) ? kindOf(packet, into) : "other";
  return into.kind;
}

function kindOf(packet: Packet, into: Segment): PacketKind {
  const end = packet.start + packet.capturedLength;
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    if (into.etherType === ETHERTYPE.arp) return "arp";
    if (into.etherType !== ETHERTYPE.ipv4 && into.etherType !== ETHERTYPE.ipv6) return "other";
    const isIpv4 = into.etherType === ETHERTYPE.ipv4;
    const network = isIpv4 ? readIpv4(packet, into) : readIpv6(packet, into);
    if (network === "cut" || network === "malformed") return network;
    if (network === "later-fragment") {
      return into.protocol === PROTOCOL.tcp ? "tcp-fragment" : "other";
    }
    if (into.protocol === PROTOCOL.ah && !skipAuthentication(packet, into)) return "cut";
    if (into.protocol === PROTOCOL.tcp) return readTcp(packet, into);
    const tunnel = enterTunnel(packet.bytes, end, into);
    if (tunnel === "broken") return "tunnel";
    if (tunnel === "none") return otherKind(packet, into);
  }
  return "tunnel";
}

/** The authentication header behind IPv4 (RFC 4302); that of IPv6 is an extension header. */
function skipAuthentication({ bytes, start, capturedLength }: Packet, into: Segment): boolean {
  const at = into.transportAt;
  if (start + capturedLength - at < 8) return false;
  const length = ((bytes[at + 1] ?? 0) + 2) * 4;
  into.protocol = bytes[at] ?? 0;
  into.transportAt = at + length;
  into.transportLength -= length;
  return into.transportLength >= 0;
}

function otherKind(packet: Packet, into: Segment): PacketKind {
  if (into.protocol === PROTOCOL.udp) return readUdpPorts(packet, into);
  return into.protocol === PROTOCOL.icmp6 ? "icmp6" : "other";
}

function readUdpPorts(packet: Packet, into: Segment): PacketKind {
  if (packet.start + packet.capturedLength - into.transportAt < 8) return "other";
  into.sourcePort = read16(packet.bytes, into.transportAt);
  into.targetPort = read16(packet.bytes, into.transportAt + 2);
  return "udp";
}
