import { describe, expect, it } from "vitest";
import { analyzeCapture } from "../../../host/analyze/analyze-capture.ts";
import { analyzeJson } from "../../../host/analyze/views/analyze-json.ts";
import { analyzeText } from "../../../host/analyze/views/analyze-text.ts";
import {
  be16,
  be32,
  bytes,
  FLAG,
  inChunks,
  ipv4,
  ipv6,
  pcapFile,
  tcp,
  V6,
} from "../../support/packets.ts";

const RAW_IP = 101;
const syn = { sequence: 6510, flags: FLAG.syn };
const data = { sequence: 6511, acknowledgement: 9, payload: new Uint8Array(1400).fill(7) };

/** A segment cut into IPv4 fragments of 480 bytes. */
function fragments4(segment: Uint8Array): Uint8Array[] {
  return pieces(segment).map(({ piece, at, more }) =>
    ipv4(piece, { fragmentOffset: at / 8, moreFragments: more }),
  );
}

/** The same over IPv6, with a fragment header (RFC 8200 §4.5) behind a hop-by-hop header. */
function fragments6(segment: Uint8Array): Uint8Array[] {
  return pieces(segment).map(({ piece, at, more }) => {
    const hopByHop = [44, 0, 1, 4, 0, 0, 0, 0];
    const fragment = [6, 0, ...be16(at | (more ? 1 : 0)), ...be32(77)];
    return ipv6(bytes(hopByHop, fragment, piece), { next: 0 });
  });
}

function pieces(segment: Uint8Array) {
  const starts = [0, 480, 960];
  return starts.map((at) => ({
    piece: segment.subarray(at, Math.min(at + 480, segment.length)),
    at,
    more: at + 480 < segment.length,
  }));
}

function analyse(packets: readonly Uint8Array[]) {
  const records = packets.map((one, i) => ({
    data: one,
    timeUs: 1_795_000_000_000_000 + i * 1000,
  }));
  return analyzeCapture(inChunks(pcapFile(records, { linkType: RAW_IP }), 5000));
}

describe("fragments", () => {
  it.each([
    ["IPv4", [ipv4(tcp(syn)), ...fragments4(tcp(data))]],
    ["IPv6", [ipv6(tcp(syn, V6)), ...fragments6(tcp(data, V6))]],
  ])(
    "of %s: the first is read, the later ones are counted, and the report says so",
    async (_, packets) => {
      const analysis = await analyse(packets);
      expect(analysis.counts).toMatchObject({
        packets: 4,
        tcpPackets: 2,
        firstFragments: 1,
        laterFragments: 2,
        unreadable: 0,
        connections: 1,
      });
      // The numbers of the first fragment are in the account of the connection.
      const [row] = analysis.connections;
      expect(row?.client.isn).toBe(6510);
      expect(row?.client.packets).toBe(2);
      // A segment that is not whole has no checksum that could be verified.
      expect(analysis.checksums.tcp).toEqual({ ok: 1, bad: 0, unfilled: 0, unknown: 1 });
      const run = { analysis, filters: [] };
      expect(analyzeText(run)).toContain(
        "note: IP fragments: 1 first one read, 2 later ones without a TCP header only counted",
      );
      expect(JSON.parse(analyzeJson(run)).counts).toMatchObject({
        firstFragments: 1,
        laterFragments: 2,
      });
    },
  );

  it("whose first one is too short for a TCP header are counted as not readable", async () => {
    const short = ipv4(tcp(data).subarray(0, 16), { moreFragments: true });
    const { counts } = await analyse([ipv4(tcp(syn)), short]);
    expect(counts).toMatchObject({ tcpPackets: 1, unreadable: 1, firstFragments: 0 });
  });
});
