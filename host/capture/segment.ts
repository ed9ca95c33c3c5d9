/** A decoded packet. One object is used again for every packet: copy what has to last. */
import { type Address, ipv4, ipv6 } from "../core/address.ts";

/**
 * What a packet turned out to be. `tcp-fragment`: a later fragment, which has no TCP header;
 * `tunnel`: a tunnel in more tunnels than are followed, or one that breaks off; `cut`: the capture kept too little of it; `malformed`: its own lengths contradict each other.
 */
export type PacketKind =
  | "tcp"
  | "tcp-fragment"
  | "udp"
  | "icmp6"
  | "arp"
  | "tunnel"
  | "other"
  | "cut"
  | "malformed";

/** TCP header flags (RFC 9293 §3.1). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** Tunnels whose inner packets are read, by the number in `Segment.tunnel`. */
export const TUNNEL = {
  none: 0,
  vxlan: 1,
  geneve: 2,
  gtpU: 3,
  gre: 4,
  erspan: 5,
  ipInIp: 6,
  ip6InIp4: 7,
  ip4InIp6: 8,
  mpls: 9,
  ppp: 10,
} as const;

export const TUNNEL_NAMES: readonly string[] = [
  "",
  "VXLAN",
  "Geneve",
  "GTP-U",
  "GRE",
  "ERSPAN",
  "IP in IP",
  "6in4",
  "4in6",
  "MPLS",
  "PPP in GRE",
];

export class Segment {
  kind: PacketKind = "other";
  /** The innermost tunnel that the packet came in (TUNNEL); 0: none. */
  tunnel = 0;

  /** Link layer: EtherType of the payload, and where it starts in the packet's buffer. */
  etherType = 0;
  networkAt = 0;

  /** Network layer. Addresses as 32-bit words; an IPv4 address is word 0 alone. */
  family: 4 | 6 = 4;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  target0 = 0;
  target1 = 0;
  target2 = 0;
  target3 = 0;
  protocol = 0;
  /** Bytes of IP payload that belong to the transport layer, by the IP lengths. */
  transportLength = 0;
  transportAt = 0;
  /** The first fragment of several: the payload goes on in packets that are not put together. */
  firstFragment = false;

  /** Transport layer: TCP, ports also of UDP. */
  sourcePort = 0;
  targetPort = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  window = 0;
  /** Payload bytes by the IP lengths, whether captured or not. */
  payloadLength = 0;

  /** TCP options. `hasTimestamps` tells whether tsval and tsecr (u32) mean anything. */
  hasTimestamps = false;
  tsval = 0;
  tsecr = 0;
  /** Maximum segment size, or −1. */
  mss = -1;
  /** Window scale shift, or −1. */
  windowScale = -1;
  sackPermitted = false;
  /** False if the list of options breaks off or an option has an impossible length. */
  optionsWhole = true;

  /** Sequence numbers that the segment uses: payload, SYN and FIN (RFC 9293 §3.4). */
  get sequenceLength(): number {
    const flags = this.flags;
    return this.payloadLength + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
  }

  get sourceAddress(): Address {
    return address(this.family, this.source0, this.source1, this.source2, this.source3);
  }

  get targetAddress(): Address {
    return address(this.family, this.target0, this.target1, this.target2, this.target3);
  }
}

/** Puts an address together from the words that packets are compared by. */
export function address(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): Address {
  if (family === 4) return ipv4(w0);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  [w0, w1, w2, w3].forEach((word, i) => {
    view.setUint32(4 * i, word);
  });
  return ipv6(bytes);
}

/** The words that packets are compared by: four for IPv6, the first alone for IPv4. */
export function addressWords(from: Address): readonly [number, number, number, number] {
  if (from.family === 4) return [from.value, 0, 0, 0];
  const view = new DataView(from.bytes.buffer, from.bytes.byteOffset, 16);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}
