/** tshark as the oracle: every packet of every fixture, and crafted ones of every link type. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { tcpChecksum } from "../../../host/capture/checksum.ts";
import { decodePacket } from "../../../host/capture/decode.ts";
import { Segment } from "../../../host/capture/segment.ts";
import {
  be16,
  be32,
  bytes,
  ethernet,
  FLAG,
  ipv4,
  ipv6,
  onesComplement,
  pcapFile,
  tcp,
  timestamps,
  V4,
  V6,
} from "../../support/packets.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/captures/", import.meta.url));
const hasTshark = spawnSync("tshark", ["--version"], { stdio: "ignore" }).status === 0;
/** CI sets it: there the tests run, and fail, also without tshark. */
const requireAll = process.env.ISNKIT_REQUIRE_ALL === "1";
const leftOut = !hasTshark && !requireAll;
if (leftOut) console.log("left out: tshark as the oracle (apt-get install tshark)");

const FIELDS = [
  "frame.number",
  "frame.time_epoch",
  "frame.len",
  "frame.cap_len",
  "ip.src",
  "ip.dst",
  "ipv6.src",
  "ipv6.dst",
  "tcp.srcport",
  "tcp.dstport",
  "tcp.seq_raw",
  "tcp.ack_raw",
  "tcp.flags",
  "tcp.window_size_value",
  "tcp.len",
  "tcp.options.timestamp.tsval",
  "tcp.options.timestamp.tsecr",
  "tcp.options.mss_val",
  "tcp.options.wscale.shift",
  "tcp.checksum.status",
];

function byTshark(path: string): string[] {
  const options = ["-o", "tcp.check_checksum:TRUE", "-o", "tcp.relative_sequence_numbers:FALSE"];
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const args = ["-n", "-r", path, ...options, "-T", "fields", ...fields];
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  return execFileSync("tshark", args, { encoding: "utf8", stdio }).trimEnd().split("\n");
}

const CHECKSUM = { bad: "0", ok: "1", unknown: "2", unfilled: "0" };

async function byIsnkit(path: string): Promise<string[]> {
  const lines: string[] = [];
  const s = new Segment();
  for await (const packet of openCapture(path)) {
    expect(decodePacket(packet, s)).toBe("tcp");
    const [source, target] = [s.sourceAddress.text, s.targetAddress.text];
    const micros = String(packet.timeUs).padStart(7, "0");
    const time = `${micros.slice(0, -6)}.${micros.slice(-6)}${String(packet.nanos).padStart(3, "0")}`;
    const option = (value: number) => (value < 0 ? "" : value);
    lines.push(
      [
        packet.frame,
        time,
        packet.originalLength,
        packet.capturedLength,
        ...(s.family === 4 ? [source, target, "", ""] : ["", "", source, target]),
        s.sourcePort,
        s.targetPort,
        s.sequence,
        s.acknowledgement,
        `0x${s.flags.toString(16).padStart(4, "0")}`,
        s.window,
        s.payloadLength,
        ...(s.hasTimestamps ? [s.tsval, s.tsecr] : ["", ""]),
        option(s.mss),
        option(s.windowScale),
        CHECKSUM[tcpChecksum(packet, s)],
      ].join("\t"),
    );
  }
  return lines;
}

describe.skipIf(leftOut)("every packet is read as tshark reads it", () => {
  const folder = mkdtempSync(join(tmpdir(), "isnkit-tshark-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(readdirSync(FIXTURES).filter((name) => /\.pcap(ng)?$/.test(name)))("%s", async (name) => {
    const expected = byTshark(join(FIXTURES, name));
    expect(expected.length).toBeGreaterThan(9);
    expect(await byIsnkit(join(FIXTURES, name))).toEqual(expected);
  });

  const syn = {
    sequence: 0xfffffff0,
    flags: FLAG.syn,
    options: [2, 4, ...be16(1460), ...timestamps(4_000_000_000, 1), 3, 3, 7],
  };
  const data = { sequence: 7, acknowledgement: 9, payload: Uint8Array.of(1, 2, 3) };
  const v4 = ipv4(tcp(syn));
  const v6 = ipv6(tcp(syn, V6));
  const extensions = bytes([60, 0, 1, 4, 0, 0, 0, 0], [6, 0, 1, 4, 0, 0, 0, 0], tcp(data, V6));
  const broken = Uint8Array.from(v4);
  broken[40] = 0x55;
  const odd = ipv6(tcp({ ...data, payload: new Uint8Array(7).fill(0xee) }, V6));
  const oddBroken = Uint8Array.from(odd);
  oddBroken[odd.length - 1] = 0xef;
  const unfilled = Uint8Array.from(v4);
  unfilled.set([0, 0], 36);
  const partial = Uint8Array.from(v4);
  const pseudo = [...V4.source, ...V4.target, 0, 6, ...be16(v4.length - 20)];
  partial.set(be16(~onesComplement(pseudo)), 36);
  const vlan = [...be16(0x8100), 0, 42];
  const cooked = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0];
  const cooked2 = [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0];

  it.each<[string, number, Uint8Array]>([
    ["VLAN", 1, ethernet(v4, vlan, be16(0x0800))],
    ["QinQ", 1, ethernet(v6, [...be16(0x88a8), 0, 7, ...vlan], be16(0x86dd))],
    ["padding", 1, bytes(ethernet(v4), [0, 0, 0, 0, 0, 0])],
    ["a bad checksum", 1, ethernet(broken)],
    ["an odd length over IPv6", 1, ethernet(odd, be16(0x86dd))],
    ["a bad checksum of an odd length over IPv6", 1, ethernet(oddBroken, be16(0x86dd))],
    ["a checksum that is not filled in", 1, ethernet(unfilled)],
    ["a checksum of the pseudo header alone", 1, ethernet(partial)],
    ["IPv4 options", 101, ipv4(tcp(data), { options: [7, 7, 4, 0, 0, 0, 0, 0] })],
    ["IPv6 extension headers", 101, ipv6(extensions, { next: 0 })],
    ["raw IPv4", 228, v4],
    ["raw IPv6", 229, v6],
    ["Linux cooked", 113, bytes(cooked, be16(0x0800), v4)],
    ["Linux cooked v2", 276, bytes(be16(0x86dd), cooked2, v6)],
    ["loopback", 0, bytes([2, 0, 0, 0], v4)],
    ["loopback with IPv6", 0, bytes([30, 0, 0, 0], v6)],
    ["loopback of OpenBSD", 108, bytes([0, 0, 0, 2], v4)],
    ["PPP", 9, bytes([0xff, 3, 0, 0x21], v4)],
    ["PPP in HDLC framing", 50, bytes([0xff, 3, 0, 0x57], v6)],
    ["PPP over Ethernet", 1, ethernet(v4, be16(0x8864), [17, 0, 0, 1], be16(54 + 12), be16(0x21))],
    [
      "an IPv6 hop-by-hop header",
      101,
      ipv6(bytes([6, 0, 1, 4, ...be32(0)], tcp(data, V6)), { next: 0 }),
    ],
  ])("%s", async (name, linkType, one) => {
    const path = join(folder, `${name}.pcap`);
    const timeUs = 1_795_173_205_123_456;
    writeFileSync(path, pcapFile([{ data: one, timeUs, nanos: 789 }], { linkType, nano: true }));
    expect(await byIsnkit(path)).toEqual(byTshark(path));
  });
});
