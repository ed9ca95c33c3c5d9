import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { tcpChecksum } from "../../../host/capture/checksum.ts";
import { decodePacket } from "../../../host/capture/decode.ts";
import type { Packet } from "../../../host/capture/packet.ts";
import { Segment } from "../../../host/capture/segment.ts";
import {
  be16,
  be32,
  bytes,
  collect,
  ethernet,
  FLAG,
  inChunks,
  ipv4,
  ipv6,
  tcp,
  timestamps,
  V6,
} from "../../support/packets.ts";

const SYN = { sequence: 6510, flags: FLAG.syn, options: [2, 4, ...be16(1460)] };
const DATA = { sequence: 6511, acknowledgement: 99, payload: Uint8Array.from([1, 2, 3, 4, 5]) };

/** The packet lies in the middle of other bytes, as it does in a capture. */
function packet(data: Uint8Array, linkType = 1, originalLength = data.length): Packet {
  const around = bytes([0xff, 0xff, 0xff], data, new Array(64).fill(0xff));
  return {
    frame: 1,
    timeUs: 0,
    nanos: 0,
    linkType,
    interfaceId: 0,
    capturedLength: data.length,
    originalLength,
    bytes: around,
    view: new DataView(around.buffer),
    start: 3,
  };
}

function decode(data: Uint8Array, linkType = 1, originalLength = data.length) {
  const segment = new Segment();
  decodePacket(packet(data, linkType, originalLength), segment);
  return segment;
}

const IP4 = be16(0x0800);
const IP6 = be16(0x86dd);

describe("link layers", () => {
  const v4 = ipv4(tcp(SYN));
  const v6 = ipv6(tcp(SYN, V6));
  const cooked = (payload: Uint8Array, type: number[]) =>
    bytes([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0], type, payload);
  const cooked2 = (payload: Uint8Array, type: number[]) =>
    bytes(type, [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0], payload);
  const VLAN = [...be16(0x8100), 0, 42];
  const QINQ = [...be16(0x88a8), 0, 7, ...VLAN];

  it.each<[string, number, Uint8Array, 4 | 6]>([
    ["Ethernet", 1, ethernet(v4), 4],
    ["Ethernet with IPv6", 1, ethernet(v6, IP6), 6],
    ["Ethernet with padding", 1, bytes(ethernet(v4), [0, 0, 0, 0, 0, 0]), 4],
    ["VLAN", 1, ethernet(v4, VLAN, IP4), 4],
    ["QinQ", 1, ethernet(v6, QINQ, IP6), 6],
    ["LLC and SNAP", 1, ethernet(v4, be16(v4.length + 8), [0xaa, 0xaa, 3, 0, 0, 0], IP4), 4],
    [
      "PPP over Ethernet",
      1,
      ethernet(v4, be16(0x8864), [0x11, 0, 0, 1], be16(v4.length + 2), be16(0x21)),
      4,
    ],
    ["raw IP", 101, v4, 4],
    ["raw IP with IPv6", 101, v6, 6],
    ["raw IP of old systems", 12, v4, 4],
    ["raw IP of OpenBSD", 14, v6, 6],
    ["raw IPv4", 228, v4, 4],
    ["raw IPv6", 229, v6, 6],
    ["Linux cooked", 113, cooked(v4, IP4), 4],
    ["Linux cooked with VLAN", 113, cooked(v6, [...VLAN, ...IP6]), 6],
    ["Linux cooked v2", 276, cooked2(v4, IP4), 4],
    ["Linux cooked v2 with IPv6", 276, cooked2(v6, IP6), 6],
    ["loopback, little-endian", 0, bytes([2, 0, 0, 0], v4), 4],
    ["loopback, big-endian", 0, bytes([0, 0, 0, 2], v4), 4],
    ["loopback of macOS with IPv6", 0, bytes([30, 0, 0, 0], v6), 6],
    ["loopback of FreeBSD with IPv6", 0, bytes([28, 0, 0, 0], v6), 6],
    ["loopback of OpenBSD", 108, bytes([0, 0, 0, 24], v6), 6],
    ["PPP", 9, bytes([0xff, 0x03, 0x00, 0x21], v4), 4],
    ["PPP without address and control", 9, bytes([0x00, 0x57], v6), 6],
    ["PPP with a compressed protocol field", 9, bytes([0x21], v4), 4],
    ["PPP in HDLC framing", 50, bytes([0xff, 0x03, 0x00, 0x57], v6), 6],
    ["PPP with direction", 204, bytes([1, 0xff, 0x03, 0x00, 0x21], v4), 4],
    ["PPPoE alone", 51, bytes([0x11, 0, 0, 1], be16(v6.length + 2), be16(0x57), v6), 6],
  ])("finds the TCP header behind %s", (_, linkType, data, family) => {
    const segment = decode(data, linkType);
    expect(segment.kind).toBe("tcp");
    expect(segment.family).toBe(family);
    expect(segment.sourceAddress.text).toBe(family === 4 ? "10.77.0.2" : "fd00::2");
    expect(segment.targetAddress.text).toBe(family === 4 ? "10.77.0.1" : "fd00::1");
    expect([segment.sourcePort, segment.targetPort]).toEqual([49153, 1021]);
    expect(segment).toMatchObject({ sequence: 6510, flags: FLAG.syn, payloadLength: 0, mss: 1460 });
    expect(tcpChecksum(packet(data, linkType), segment)).toBe("ok");
  });

  it("never reads on into the bytes of the next packet", () => {
    const data = ethernet(v4, VLAN, IP4);
    for (let length = 0; length < data.length - 4; length++) {
      expect(["cut", "other"]).toContain(decode(data.subarray(0, length), 1, data.length).kind);
    }
  });

  it("does not take other protocols for TCP", () => {
    expect(decode(ethernet(v4, be16(0x0806))).kind).toBe("arp");
    expect(decode(ethernet(v4, be16(0x88cc))).kind).toBe("other");
    expect(decode(ethernet(ipv4(tcp(SYN), { protocol: 17 }))).kind).toBe("udp");
    expect(decode(ethernet(ipv4(tcp(SYN), { protocol: 50 }))).kind).toBe("other");
    expect(decode(bytes([7, 0, 0, 0], v4), 0).kind).toBe("other");
    expect(decode(bytes([0xff, 0x03, 0xc0, 0x21], v4), 9).kind).toBe("other");
  });
});

describe("IP", () => {
  it("skips IPv4 options", () => {
    const segment = decode(ipv4(tcp(DATA), { options: [7, 7, 4, 0, 0, 0, 0, 0] }), 101);
    expect(segment).toMatchObject({ kind: "tcp", sequence: 6511, payloadLength: 5 });
  });

  it("takes the payload length from IP, not from the bytes captured", () => {
    const whole = ethernet(ipv4(tcp(DATA)));
    expect(decode(bytes(whole, [0, 0, 0, 0])).payloadLength).toBe(5);
    const cut = whole.subarray(0, whole.length - 5);
    const segment = decode(cut, 1, whole.length);
    expect(segment.payloadLength).toBe(5);
    expect(tcpChecksum(packet(cut, 1, whole.length), segment)).toBe("unknown");
  });

  it("takes the length on the wire where offload left the IP length at 0", () => {
    const v4 = ethernet(ipv4(tcp(DATA), { totalLength: 0 }));
    expect(decode(v4, 1, v4.length + 60_000).payloadLength).toBe(60_005);
    const v6 = ethernet(ipv6(tcp(DATA, V6), { payloadLength: 0 }), IP6);
    expect(decode(v6, 1, v6.length + 60_000).payloadLength).toBe(60_005);
  });

  it("reads a first fragment, and tells later ones apart", () => {
    const first = decode(ipv4(tcp(DATA), { moreFragments: true }), 101);
    expect(first).toMatchObject({ kind: "tcp", firstFragment: true, payloadLength: 5 });
    expect(decode(ipv4(tcp(DATA), { fragmentOffset: 185 }), 101).kind).toBe("tcp-fragment");
    expect(decode(ipv4(tcp(DATA), { fragmentOffset: 185, protocol: 17 }), 101).kind).toBe("other");
    const header = (offset: number) =>
      bytes([6, 0, ...be16(offset | 1), ...be32(7)], tcp(DATA, V6));
    expect(decode(ipv6(header(0), { next: 44 }), 101)).toMatchObject({
      kind: "tcp",
      firstFragment: true,
      payloadLength: 5,
    });
    expect(decode(ipv6(header(1448), { next: 44 }), 101).kind).toBe("tcp-fragment");
  });

  it("walks through IPv6 extension headers", () => {
    const segment = tcp(DATA, V6);
    const hopByHop = [60, 0, 1, 4, 0, 0, 0, 0];
    const destination = [43, 1, ...new Array(14).fill(0)];
    const routing = [51, 0, 4, 0, 0, 0, 0, 0];
    const authentication = [6, 1, 0, 0, ...be32(1), ...be32(1)];
    const data = ipv6(bytes(hopByHop, destination, routing, authentication, segment), { next: 0 });
    expect(decode(data, 101)).toMatchObject({ kind: "tcp", sequence: 6511, payloadLength: 5 });
    expect(decode(data.subarray(0, 70), 101, data.length).kind).toBe("cut");
    expect(decode(ipv6(segment, { next: 59 }), 101).kind).toBe("other");
  });

  it("reads the length of a jumbogram from its option", () => {
    const hopByHop = [6, 0, 0xc2, 4, ...be32(100_000)];
    const data = ipv6(bytes(hopByHop, tcp(DATA, V6)), { next: 0, payloadLength: 0 });
    // The option counts, not the length on the wire, which may include padding.
    const segment = decode(data, 101, 40 + 100_007);
    expect(segment.payloadLength).toBe(100_000 - 8 - 20);
  });

  it("calls contradicting lengths malformed", () => {
    expect(decode(ipv4(tcp(DATA), { totalLength: 19 }), 101).kind).toBe("malformed");
    expect(decode(ipv4(tcp(DATA), { totalLength: 39 }), 101).kind).toBe("malformed");
    const shortHeader = Uint8Array.from(ipv4(tcp(DATA)));
    shortHeader[0] = 0x44;
    expect(decode(shortHeader, 228).kind).toBe("malformed");
    const endless = ipv6(bytes([60, 255, 0, 0, 0, 0, 0, 0], tcp(DATA, V6)), { next: 60 });
    expect(decode(endless, 101).kind).toBe("malformed");
  });
});

describe("TCP", () => {
  it("reads the options that matter", () => {
    const options = [2, 4, ...be16(536), 4, 2, ...timestamps(4_000_000_000, 17), 3, 3, 7];
    expect(decode(ipv4(tcp({ ...SYN, options })), 101)).toMatchObject({
      mss: 536,
      sackPermitted: true,
      hasTimestamps: true,
      tsval: 4_000_000_000,
      tsecr: 17,
      windowScale: 7,
      optionsWhole: true,
    });
  });

  it("stops at hostile option lengths, and keeps what came before", () => {
    const read = (options: number[]) => decode(ipv4(tcp({ ...SYN, options })), 101);
    for (const hostile of [
      [8, 0],
      [8, 1],
      [8, 200],
      [8, 11, 0, 0, 0],
    ]) {
      const segment = read([2, 4, ...be16(536), ...hostile]);
      expect(segment).toMatchObject({
        kind: "tcp",
        mss: 536,
        hasTimestamps: false,
        optionsWhole: false,
      });
    }
    expect(read([8, 4, 0, 0, 2, 3, 1, 1])).toMatchObject({
      hasTimestamps: false,
      mss: -1,
      optionsWhole: true,
    });
    expect(read([0, 8, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1])).toMatchObject({
      hasTimestamps: false,
      optionsWhole: true,
    });
  });

  it("does not keep the options of the packet before", () => {
    const segment = new Segment();
    decodePacket(packet(ipv4(tcp({ ...SYN, options: timestamps(1, 2) })), 101), segment);
    decodePacket(packet(ipv4(tcp(DATA)), 101), segment);
    expect(segment).toMatchObject({ hasTimestamps: false, mss: -1 });
  });

  it("refuses a header longer than its segment or shorter than 20 bytes", () => {
    for (const offset of [0x00, 0x40, 0xf0]) {
      const segment = Uint8Array.from(tcp(SYN));
      segment[12] = offset;
      expect(decode(ipv4(segment), 101).kind).toBe("malformed");
    }
  });

  it("counts SYN, payload and FIN as sequence numbers", () => {
    const length = (fields: Parameters<typeof tcp>[0]) =>
      decode(ipv4(tcp(fields)), 101).sequenceLength;
    expect(length({ flags: FLAG.ack })).toBe(0);
    expect(length({ flags: FLAG.syn })).toBe(1);
    expect(length({ ...DATA, flags: FLAG.fin | FLAG.ack })).toBe(6);
    expect(length({ ...DATA, flags: FLAG.syn | FLAG.fin })).toBe(7);
  });

  it("finds a bad checksum for every bit that is flipped", () => {
    const data = ipv4(tcp({ ...DATA, options: timestamps(1, 2) }));
    expect(tcpChecksum(packet(data, 101), decode(data, 101))).toBe("ok");
    for (let bit = 20 * 8; bit < data.length * 8; bit++) {
      const flipped = Uint8Array.from(data);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const segment = new Segment();
      // A flipped data offset may make the header impossible; then there is nothing to verify.
      if (decodePacket(packet(flipped, 101), segment) !== "tcp") continue;
      expect(tcpChecksum(packet(flipped, 101), segment)).toBe("bad");
    }
  });

  it("finds the field captures valid where whole, the deliberately changed one included", async () => {
    for (const name of [
      "e1_bitflip_seq_pure_ack_checksum_recomputed",
      "e3_bitflip_control_unflipped",
    ]) {
      const file = await readFile(new URL(`../../fixtures/captures/${name}.pcap`, import.meta.url));
      const segment = new Segment();
      for (const one of await collect(openCapture(inChunks(file, 1000)))) {
        expect(decodePacket(one, segment)).toBe("tcp");
        expect(tcpChecksum(one, segment)).toBe("ok");
      }
    }
  });
});
