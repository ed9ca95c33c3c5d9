/**
 * Packets by which a device asks for its own address anew, as it does when it comes up: an ARP probe
 * (RFC 5227 §2.1.1), a DHCP request for an address it does not hold yet (RFC 2131 §4.3.2), duplicate
 * address detection (RFC 4862 §5.4.2). Announcements do not count: some stacks repeat them forever.
 */

import { read16, read32 } from "../capture/bytes.ts";
import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { type Address, ipv4, ipv6 } from "../core/address.ts";

export type AddressProbe = "arp-probe" | "dhcp-request" | "duplicate-address-detection";

const DHCP_COOKIE = 0x63825363;
const DHCP_OPTION_REQUESTED_ADDRESS = 50;
const DHCP_OPTION_MESSAGE_TYPE = 53;
const DHCP_DISCOVER = 1;
const DHCP_REQUEST = 3;
const NEIGHBOUR_SOLICITATION = 135;

/** Which probe for `device` the packet is, if any; `segment` is what it was decoded into. */
export function addressProbe(
  packet: Packet,
  segment: Segment,
  device: Address,
): AddressProbe | undefined {
  const found = addressProbeOf(packet, segment);
  return found?.address.text === device.text ? found.probe : undefined;
}

/** Which address the packet asks for, if it does. */
export function addressProbeOf(
  packet: Packet,
  segment: Segment,
): { readonly probe: AddressProbe; readonly address: Address } | undefined {
  const end = packet.start + packet.capturedLength;
  const { bytes } = packet;
  const { networkAt, transportAt } = segment;
  switch (segment.kind) {
    case "arp": {
      if (!isArpProbe(bytes, networkAt, end)) return undefined;
      return { probe: "arp-probe", address: ipv4(read32(bytes, networkAt + 24)) };
    }
    case "udp": {
      if (segment.sourcePort !== 68 || segment.targetPort !== 67) return undefined;
      const requested = dhcpRequested(bytes, transportAt + 8, end);
      if (requested === 0) return undefined;
      return { probe: "dhcp-request", address: ipv4(requested) };
    }
    case "icmp6": {
      if (!isDetection(bytes, segment, end)) return undefined;
      const wanted = bytes.slice(transportAt + 8, transportAt + 24);
      return { probe: "duplicate-address-detection", address: ipv6(wanted) };
    }
    default:
      return undefined;
  }
}

function isArpProbe(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 28 || read16(bytes, at + 2) !== 0x0800 || read16(bytes, at + 6) !== 1)
    return false;
  return read32(bytes, at + 14) === 0 && read32(bytes, at + 24) !== 0;
}

/** The address that a DHCP message asks for, or 0. */
function dhcpRequested(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 240 || bytes[at] !== 1 || read32(bytes, at + 236) !== DHCP_COOKIE) return 0;
  // A client that still holds its address (a renewal) names it here.
  if (read32(bytes, at + 12) !== 0) return 0;
  let type = 0;
  let requested = 0;
  let option = at + 240;
  while (option + 1 < end && bytes[option] !== 255) {
    if (bytes[option] === 0) {
      option += 1;
      continue;
    }
    const length = bytes[option + 1] ?? 0;
    if (option + 2 + length > end) break;
    if (bytes[option] === DHCP_OPTION_MESSAGE_TYPE) type = bytes[option + 2] ?? 0;
    if (bytes[option] === DHCP_OPTION_REQUESTED_ADDRESS && length === 4) {
      requested = read32(bytes, option + 2);
    }
    option += 2 + length;
  }
  return type === DHCP_DISCOVER || type === DHCP_REQUEST ? requested : 0;
}

function isDetection(bytes: Uint8Array, segment: Segment, end: number): boolean {
  const at = segment.transportAt;
  if (end - at < 24 || bytes[at] !== NEIGHBOUR_SOLICITATION) return false;
  const { source0, source1, source2, source3 } = segment;
  return source0 === 0 && source1 === 0 && source2 === 0 && source3 === 0;
}
