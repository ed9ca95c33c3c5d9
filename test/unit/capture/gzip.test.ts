import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { code, I5, plain, read } from "../../support/captures.ts";
import { collect } from "../../support/packets.ts";

describe("gzip", () => {
  it("reads a packed capture like the plain one, from a file and from a stream", async () => {
    const data = await readFile(I5);
    const plainRead = await read(data);
    const packed = gzipSync(data);
    for (const size of [1, 100, 1 << 20]) expect(await read(packed, size)).toEqual(plainRead);
    const folder = await mkdtemp(join(tmpdir(), "isnkit-capture-"));
    const path = join(folder, "packed.pcap.gz");
    await writeFile(path, packed);
    const reader = openCapture(path);
    expect((await collect(reader)).map(plain)).toEqual(plainRead.packets);
    expect(reader.gzip).toBe(true);
    await rm(folder, { recursive: true });
  });

  it("keeps the whole packets of a packed capture that is cut short", async () => {
    const packed = gzipSync(await readFile(I5));
    const { packets, truncated } = await read(packed.subarray(0, packed.length >> 1), 64);
    expect(packets.length).toBeGreaterThan(5);
    expect(truncated).toBe(true);
    // Only the check sum of gzip is missing: every packet is there, and still it is not whole.
    const nearly = await read(packed.subarray(0, packed.length - 4));
    expect(nearly.packets).toHaveLength(72);
    expect(nearly.truncated).toBe(true);
  });

  it("reads a packed capture behind which zeros follow, as tapes and flash leave them", async () => {
    const file = await readFile(I5);
    const plainRead = await read(file);
    for (const zeros of [1, 512, 70_000]) {
      const packed = Buffer.concat([gzipSync(file), new Uint8Array(zeros)]);
      for (const size of [100, 1 << 20]) expect(await read(packed, size)).toEqual(plainRead);
    }
  });

  it("refuses a damaged or empty packed file", async () => {
    const packed = gzipSync(await readFile(I5));
    const damaged = Uint8Array.from(packed);
    damaged.set([0xff, 0xff, 0xff, 0xff], 12);
    expect(await code(damaged)).toBe("capture-bad-gzip");
    expect(await code(gzipSync(new Uint8Array(0)))).toBe("capture-empty");
    expect(await code(packed.subarray(0, 12))).toBe("capture-cut-short");
    expect(await code(gzipSync(packed))).toBe("capture-not-recognised");
  });

  it("closes its source when the reader stops early", async () => {
    let closed = false;
    const data = await readFile(I5);
    async function* source() {
      try {
        for (;;) yield data;
      } finally {
        closed = true;
      }
    }
    for await (const packet of openCapture(source())) if (packet.frame === 1) break;
    expect(closed).toBe(true);
  });
});
