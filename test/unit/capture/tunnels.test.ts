import { describe, expect, it } from "vitest";
import { doubtOf, verdictOf } from "../../../host/analyze/views/analysis-run.ts";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { decodePacket } from "../../../host/capture/decode.ts";
import { Segment, TUNNEL_NAMES } from "../../../host/capture/segment.ts";
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
  pcapFile,
  tcp,
  V6,
} from "../../support/packets.ts";
import { ack, diagnose, Recording, syn } from "../../support/sessions.ts";

const SYN = { sequence: 6510, flags: FLAG.syn };
const V4 = ipv4(tcp(SYN));
const SIX = ipv6(tcp(SYN, V6));
const OUTER = { source: [192, 0, 2, 1], target: [192, 0, 2, 2] };

async function decode(data: Uint8Array, linkType = 1): Promise<Segment> {
  const segment = new Segment();
  const [packet] = await collect(openCapture(inChunks(pcapFile([{ data }], { linkType }), 4096)));
  if (!packet) throw new Error("no packet");
  decodePacket(packet, segment);
  return segment;
}

const over = (protocol: number, payload: Uint8Array) =>
  ethernet(ipv4(payload, { protocol, ...OUTER }));
const udp = (port: number, payload: Uint8Array) =>
  over(17, bytes(be16(40_000), be16(port), be16(8 + payload.length), be16(0), payload));
const gre = (flags: number, type: number, optional: readonly number[], payload: Uint8Array) =>
  over(47, bytes(be16(flags), be16(type), optional, payload));
const eth = (payload: Uint8Array) => ethernet(payload);
const label = (value: number, bottom: boolean) => be32((value << 12) | (bottom ? 0x100 : 0) | 64);
const VXLAN = [8, 0, 0, 0, 0, 0, 42, 0];

describe("tunnels", () => {
  const cases: readonly [string, string, Uint8Array][] = [
    ["VXLAN", "VXLAN", udp(4789, bytes(VXLAN, eth(V4)))],
    ["VXLAN on the port of old Linux", "VXLAN", udp(8472, bytes(VXLAN, eth(V4)))],
    ["VXLAN-GPE with IP", "VXLAN", udp(4790, bytes([0x0c, 0, 0, 1, 0, 0, 42, 0], V4))],
    [
      "Geneve with an option",
      "Geneve",
      udp(6081, bytes([1, 0, ...be16(0x6558), 0, 0, 9, 0, 1, 2, 3, 4], eth(V4))),
    ],
    ["GTP-U", "GTP-U", udp(2152, bytes([0x30, 255, 0, 40, ...be32(7)], V4))],
    [
      "GTP-U with sequence number and extension header",
      "GTP-U",
      udp(2152, bytes([0x36, 255, 0, 40, ...be32(7), 0, 1, 0, 0x85, 1, 0, 0, 0], V4)),
    ],
    ["GRE with IP", "GRE", gre(0, 0x0800, [], V4)],
    [
      "GRE with checksum, key and sequence number",
      "GRE",
      gre(0xb000, 0x0800, new Array(12).fill(1), V4),
    ],
    ["GRE with Ethernet", "GRE", gre(0x2000, 0x6558, be32(5), eth(V4))],
    [
      "GRE with PPP (PPTP)",
      "PPP in GRE",
      gre(0x3081, 0x880b, new Array(12).fill(1), bytes([0, 0x21], V4)),
    ],
    ["ERSPAN I", "ERSPAN", gre(0, 0x88be, [], eth(V4))],
    ["ERSPAN II", "ERSPAN", gre(0x1000, 0x88be, [...be32(1), ...new Array(8).fill(0)], eth(V4))],
    ["ERSPAN III", "ERSPAN", gre(0x1000, 0x22eb, [...be32(1), ...new Array(12).fill(0)], eth(V4))],
    ["IP in IP", "IP in IP", over(4, V4)],
    ["6in4", "6in4", over(41, SIX)],
    ["4in6", "4in6", ethernet(ipv6(V4, { next: 4 }), be16(0x86dd))],
    ["MPLS with IP", "MPLS", ethernet(bytes(label(3, false), label(9, true), V4), be16(0x8847))],
    ["MPLS with Ethernet", "MPLS", ethernet(bytes(label(9, true), be32(0), eth(V4)), be16(0x8847))],
    ["MPLS in UDP", "MPLS", udp(6635, bytes(label(9, true), V4))],
    ["VXLAN in GRE", "VXLAN", gre(0, 0x6558, [], udp(4789, bytes(VXLAN, eth(V4))))],
    [
      "an authentication header",
      "",
      over(51, bytes([6, 4, 0, 0], new Array(20).fill(1), tcp(SYN))),
    ],
    ["VN-tag", "", ethernet(V4, be16(0x8926), be32(0x1234), be16(0x0800))],
    ["E-tag", "", ethernet(V4, be16(0x893f), [1, 2, 3, 4, 5, 6], be16(0x0800))],
  ];

  it.each(cases)("%s", async (_, name, data) => {
    const segment = await decode(data);
    expect(segment).toMatchObject({ kind: "tcp", sequence: 6510, sourcePort: 49153 });
    expect(TUNNEL_NAMES[segment.tunnel]).toBe(name);
  });

  it("are not seen in what only uses their ports or protocol", async () => {
    const plain = [
      udp(4789, bytes([0, 1, 2, 3, 4, 5, 6, 7], eth(V4))),
      udp(2152, bytes([0x30, 1, 0, 4, ...be32(0)])),
      udp(6081, bytes([0xc0, 0, 0, 0, 0, 0, 0, 0], V4)),
      udp(53, bytes(VXLAN, eth(V4))),
    ];
    for (const data of plain) {
      expect(await decode(data)).toMatchObject({ kind: "udp", tunnel: 0, sourcePort: 40_000 });
    }
    expect((await decode(gre(0, 0x2000, [], V4))).kind).toBe("other");
  });

  it("are followed eight deep, and told where they break off", async () => {
    const nested = (depth: number): Uint8Array =>
      depth === 0 ? V4 : ipv4(nested(depth - 1), { protocol: 4, ...OUTER });
    expect((await decode(ethernet(nested(8)))).kind).toBe("tcp");
    expect((await decode(ethernet(nested(9)))).kind).toBe("tunnel");
    expect((await decode(gre(0x4000, 0x0800, [], V4))).kind).toBe("tunnel");
    expect((await decode(over(47, Uint8Array.of(0, 0)))).kind).toBe("tunnel");
    expect((await decode(over(4, Uint8Array.of(0)))).kind).toBe("tunnel");
  });
});

describe("Wi-Fi frames", () => {
  const llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
  const wifi = (control: number, flags: number, more: readonly number[] = []) =>
    bytes([control, flags, 0, 0], new Array(20).fill(2), more, llc, V4);
  const radiotap = (frame: Uint8Array) => bytes([0, 0, 9, 0, 2, 0, 0, 0, 0x20], frame);

  it.each<[string, number, Uint8Array]>([
    ["data", 105, wifi(0x08, 1)],
    ["QoS data", 105, wifi(0x88, 2, [0, 0])],
    ["data between access points", 105, wifi(0x08, 3, [2, 2, 2, 2, 2, 2])],
    ["QoS data padded, with radiotap", 127, radiotap(wifi(0x88, 1, [0, 0, 0, 0]))],
    ["PPI", 192, bytes([0, 0, 8, 0, 105, 0, 0, 0], wifi(0x08, 1))],
    ["NFLOG", 239, bytes([2, 0, 0, 0], [8, 0, 1, 0, 0, 0, 0, 0], [24, 0, 9, 0], V4)],
  ])("%s", async (_, linkType, data) => {
    const length = linkType === 239 ? data.length - 8 - 4 - 4 : 0;
    if (length > 0) data.set([(length + 4) & 255, (length + 4) >> 8], 12);
    expect(await decode(data, linkType)).toMatchObject({ kind: "tcp", sequence: 6510 });
  });

  it("are not read when they are encrypted, or no data", async () => {
    expect((await decode(wifi(0x08, 0x41), 105)).kind).toBe("other");
    expect((await decode(wifi(0x48, 1), 105)).kind).toBe("other");
    expect((await decode(wifi(0x80, 0), 105)).kind).toBe("other");
  });
});

describe("a capture of tunnels", () => {
  const within = (recording: Recording, depth = 1) =>
    recording.records.map((record) => {
      let data = record.data.subarray(14);
      for (let i = 0; i < depth; i++) data = ipv4(data, { protocol: 4, ...OUTER });
      return { ...record, data: ethernet(data) };
    });

  it("names the tunnel in the connection", async () => {
    const { connections } = await diagnose(pcapFile(within(new Recording().session(1000, 77))));
    expect(connections).toMatchObject([{ tunnel: "IP in IP", outcome: "connected" }]);
  });

  it("is too little to judge where most of it was not read", async () => {
    const recording = new Recording().session(1000, 77);
    const hidden = within(new Recording().session(5, 6).session(9_000_000, 8), 12);
    recording.records.push(...hidden);
    const analysis = await diagnose(recording);
    const { counts, notes } = analysis;
    expect(verdictOf({ analysis, filters: [] })).toBe("inconclusive");
    expect(doubtOf(analysis)).toContain("in tunnels that cannot be followed");
    expect(counts).toMatchObject({ tcpPackets: 8, tunnelled: 16 });
    expect(notes).toContain(
      "16 packets are in tunnels that cannot be followed: what TCP is in them was not read",
    );
  });

  it("does not take an address that answers outside of a tunnel for one that is heard in it", async () => {
    const silent = new Recording({ client: [10, 77, 0, 3] });
    for (const pause of [0, 3, 3]) silent.wait(pause).client({ flags: syn, sequence: 5 });
    const recording = new Recording().session(1000, 77);
    recording.records.push(...within(silent));
    expect((await diagnose(recording)).finding("syn-ignored").confidence).toBe("possible");
    const heard = new Recording({ client: [10, 77, 0, 4] })
      .client({ flags: syn, sequence: 70 })
      .server({ flags: syn | ack, sequence: 9, acknowledgement: 71 });
    recording.records.push(...within(heard));
    expect((await diagnose(recording)).finding("syn-ignored").confidence).toBe("certain");
  });
});
