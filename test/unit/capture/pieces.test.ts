/** The fast way to read: one packet object and two buffers that are used again and again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { pcapngHeader, pcapngPacket } from "../../../host/capture/pcapng-writer.ts";
import { plain } from "../../support/captures.ts";
import { bytes, collect, pcapFile, type RecordFields } from "../../support/packets.ts";

const folder = mkdtempSync(join(tmpdir(), "isnkit-pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Packets of many sizes, one of them far larger than what is read at once. */
const records: RecordFields[] = Array.from({ length: 3000 }, (_, i) => ({
  data: new Uint8Array(i === 1500 ? 900_000 : 40 + ((i * 37) % 1400)).fill(i),
  timeUs: 1_795_000_000_000_000 + i,
}));
const pcap = pcapFile(records);
const pcapng = bytes(
  pcapngHeader([{ linkType: 1 }]),
  ...records.map(({ data, timeUs = 0 }) =>
    pcapngPacket({ data, timeUs, nanos: 0, originalLength: data.length, interfaceId: 0 }),
  ),
);

describe("reading in pieces", () => {
  it.each([
    ["pcap", pcap],
    ["pcapng", pcapng],
    ["gz", gzipSync(pcap)],
  ])(
    "gives each packet of a large %s whole, though its buffers are used again",
    async (kind, file) => {
      const path = join(folder, `large.${kind}`);
      writeFileSync(path, file);
      const seen: ReturnType<typeof plain>[] = [];
      let count = 0;
      for await (const inPiece of openCapture(path).pieces((one) => seen.push(plain(one)))) {
        count += inPiece;
        // By the next turn the buffer of this piece may hold other bytes.
        await new Promise((resume) => setImmediate(resume));
      }
      expect(count).toBe(records.length);
      expect(seen.map(({ hex }) => hex)).toEqual(
        records.map(({ data }) => Buffer.from(data).toString("hex")),
      );
      expect(seen.map(({ timeUs }) => timeUs)).toEqual(records.map(({ timeUs }) => timeUs));
    },
  );

  it("gives packets that last where each is iterated over", async () => {
    const path = join(folder, "lasting.pcap");
    writeFileSync(path, pcap);
    const packets = await collect(openCapture(path));
    expect(packets.map((packet) => packet.frame)).toEqual(records.map((_, i) => i + 1));
    expect(packets.map((packet) => plain(packet).hex)).toEqual(
      records.map(({ data }) => Buffer.from(data).toString("hex")),
    );
  });
});
