import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import type { Packet } from "../../../host/capture/packet.ts";
import { UsageError } from "../../../host/core/errors.ts";
import { code, FIXTURES, I5, RECORDS, read } from "../../support/captures.ts";
import { be32, collect, failure, inChunks, pcapFile } from "../../support/packets.ts";

describe("bad captures", () => {
  it("are located by the byte and the packet, however the bytes were cut into chunks", async () => {
    const data = Uint8Array.from(await readFile(I5));
    const reader = openCapture(inChunks(data, 4096));
    let offset = 24;
    for await (const { frame, capturedLength } of reader) {
      if (frame <= 50) offset += 16 + capturedLength;
    }
    data.set(be32(0x7fff_ffff), offset + 8);
    for (const size of [1, 100, 5000, data.length]) {
      const error = await failure(() => collect(openCapture(inChunks(data, size))));
      expect(String(error)).toContain(`at byte ${offset}, after 50 packets`);
    }
  });

  it("names what is wrong with each, in one line", async () => {
    const pcap = pcapFile(RECORDS);
    const huge = pcapFile(RECORDS);
    huge.set(be32(0x4000_0000).reverse(), 24 + 8);
    huge.set(be32(0x4000_0000).reverse(), 24 + 12);
    // Beyond what a recorder may have kept by mistake (test/unit/capture/pcap.test.ts).
    const liar = pcapFile([{ data: new Uint8Array(262_145), timeUs: 1_000_000 }]);
    liar.set(be32(2).reverse(), 24 + 12);
    const version = pcapFile(RECORDS);
    version.set([9], 4);
    expect(await code(new Uint8Array(0))).toBe("capture-empty");
    expect(await code(Buffer.from("PK not a capture"))).toBe("capture-not-recognised");
    expect(await code(pcap.subarray(0, 3))).toBe("capture-cut-short");
    expect(await code(pcap.subarray(0, 20))).toBe("capture-cut-short");
    expect(await code(pcap.subarray(0, 42))).toBe("capture-cut-short");
    expect(await code(pcapFile(RECORDS, { linkType: 147 }))).toBe("capture-link-type");
    expect(await code(huge)).toBe("capture-bad-length");
    expect(await code(liar)).toBe("capture-bad-length");
    expect(await code(version)).toBe("capture-version");
  });

  it("says how to make a capture of a file that is packed, or of another kind", async () => {
    const words = async (data: Uint8Array | number[]) => {
      const error = await failure(() => collect(openCapture(inChunks(Uint8Array.from(data), 9))));
      if (!(error instanceof UsageError)) throw error;
      return `${error.message}; ${error.next}`;
    };
    expect(await words([0x28, 0xb5, 0x2f, 0xfd, 0, 0])).toMatch(/packed with zstd.*zstd -d/);
    expect(await words(Buffer.from("BZh91AY"))).toMatch(/packed with bzip2.*bzip2 -d/);
    expect(await words(Buffer.from("snoop\0\0\0"))).toMatch(/capture of snoop.*editcap/);
    expect(await words(Buffer.from("no capture"))).toMatch(/starts with the bytes 6e 6f 20 63/);
    expect(await words(pcapFile(RECORDS, { linkType: 119 }))).toMatch(/without monitor mode/);
    expect(await words(pcapFile(RECORDS).subarray(0, 13))).toMatch(/cut short at byte 13/);
  });

  it("tells a missing file from a directory", async () => {
    expect(await code(join(FIXTURES, "no-such.pcap"))).toBe("capture-not-found");
    expect(await code(FIXTURES)).toBe("capture-is-directory");
    expect(await code(join(I5, "inside-a-file"))).toBe("capture-not-found");
  });

  it("delivers whole packets of a capture that is cut short, and notes the cut", async () => {
    const data = await readFile(I5);
    const { packets, notes, truncated } = await read(data.subarray(0, data.length - 1), 512);
    expect(packets).toHaveLength(71);
    expect(truncated).toBe(true);
    expect(notes).toMatchObject([{ code: "truncated" }]);
    expect(notes[0]?.message).toContain("71 whole packets");
    expect((await read(data)).truncated).toBe(false);
  });

  it("gives whole packets, a note or a typed error wherever a file is cut", async () => {
    for (const name of ["h1_nc_session_normal.pcap", "h1_nc_session_normal.pcapng"]) {
      const data = await readFile(join(FIXTURES, name));
      let most = 0;
      for (let end = 0; end < data.length; end++) {
        const reader = openCapture(inChunks(data.subarray(0, end), 300));
        const seen: Packet[] = [];
        try {
          for await (const packet of reader) seen.push(packet);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          expect(seen).toHaveLength(0);
        }
        expect(seen.length).toBeGreaterThanOrEqual(most);
        most = seen.length;
      }
      expect(most).toBeGreaterThanOrEqual(9);
    }
  });
});
