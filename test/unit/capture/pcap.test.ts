import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "../../../host/capture/byte-queue.ts";
import { I5, RECORDS, read } from "../../support/captures.ts";
import { be32, pcapFile } from "../../support/packets.ts";

describe("pcap", () => {
  it.each([false, true])(
    "reads times and lengths in both byte orders (big-endian: %s)",
    async (bigEndian) => {
      const { packets, format } = await read(pcapFile(RECORDS, { bigEndian }));
      expect(format).toBe("pcap");
      expect(
        packets.map((p) => [p.frame, p.timeUs, p.capturedLength, p.originalLength, p.hex]),
      ).toEqual([
        [1, 1_795_173_205_000_001, 3, 3, "010203"],
        [2, 1_795_173_205_999_999, 1, 1500, "04"],
        [3, 1_795_173_206_000_000, 0, 60, ""],
      ]);
    },
  );

  it.each([false, true])(
    "keeps nanoseconds apart from microseconds (big-endian: %s)",
    async (bigEndian) => {
      const records = [{ data: Uint8Array.of(9), timeUs: 1_795_173_205_000_001, nanos: 234 }];
      const { packets } = await read(pcapFile(records, { bigEndian, nano: true }));
      expect(packets[0]).toMatchObject({ timeUs: 1_795_173_205_000_001, nanos: 234 });
    },
  );

  it.each([0, 2])(
    "takes the captured bytes where the recorder says that %i were on the wire, and notes it",
    async (stated) => {
      const data = pcapFile([...RECORDS]);
      // The first record follows the file header; its length on the wire is the fourth field.
      data.set(be32(stated).reverse(), 24 + 12);
      const { packets, notes } = await read(data);
      expect(packets[0]).toMatchObject({ capturedLength: 3, originalLength: 3, hex: "010203" });
      expect(packets).toHaveLength(3);
      expect(notes).toEqual([
        expect.objectContaining({ code: "wire-length-understated", count: 1 }),
      ]);
    },
  );

  it("takes such lengths for damage where the packet is larger than any", async () => {
    const records = [{ data: new Uint8Array(262_145), timeUs: 1_000_000 }];
    const data = pcapFile(records);
    data.set(be32(0), 24 + 12);
    await expect(read(data)).rejects.toThrow("262145 captured bytes of 0 on the wire");
  });

  it("ignores the frame check sequence bits of the link type", async () => {
    const data = pcapFile(RECORDS);
    data.set(be32(0x5400_0001).reverse(), 20);
    expect((await read(data)).packets[0]?.linkType).toBe(1);
  });

  it("reads the same packets however the bytes are cut into chunks", async () => {
    const data = await readFile(I5);
    const whole = await read(data);
    expect(whole.packets).toHaveLength(72);
    for (const size of [1, 7, 24, 4096, 5000]) expect(await read(data, size)).toEqual(whole);
  });
});

describe("the byte queue", () => {
  it("gives the bytes back in order for chunks of every size mixed", () => {
    const queue = new ByteQueue();
    const sizes = [1, 5000, 3, 4, 70_000, 2, 4096, 4097, 1];
    let value = 0;
    for (const size of sizes) queue.push(Uint8Array.from({ length: size }, () => value++ % 251));
    const total = value;
    expect(queue.available).toBe(total);
    expect(queue.has(total + 1)).toBe(false);
    for (let at = 0; at < total; at += 7) {
      const count = Math.min(7, total - at);
      expect(queue.has(count)).toBe(true);
      expect(queue.offset).toBe(at);
      for (let i = 0; i < count; i++) {
        if (queue.bytes[queue.position + i] !== (at + i) % 251) expect.fail(`byte ${at + i}`);
      }
      queue.skip(count);
    }
    expect(queue.available).toBe(0);
  });
});
