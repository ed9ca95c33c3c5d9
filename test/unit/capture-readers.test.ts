import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "../../host/capture/byte-queue.ts";
import { openCapture } from "../../host/capture/capture-reader.ts";
import type { Packet } from "../../host/capture/packet.ts";
import { UsageError } from "../../host/core/errors.ts";
import { be16, be32, block, collect, failure, inChunks, pcapFile } from "../support/packets.ts";

const FIXTURES = new URL("../fixtures/captures/", import.meta.url).pathname;
const I5 = join(FIXTURES, "i5_isn_fixed_6510_plus_ticks_reboot.pcap");

function plain(packet: Packet) {
  const { frame, timeUs, nanos, linkType, interfaceId, capturedLength, originalLength } = packet;
  const hex = Buffer.from(packet.data).toString("hex");
  return { frame, timeUs, nanos, linkType, interfaceId, capturedLength, originalLength, hex };
}

async function read(data: Uint8Array, size = data.length) {
  const reader = openCapture(inChunks(data, Math.max(size, 1)));
  const packets = (await collect(reader)).map(plain);
  return { packets, notes: reader.notes, truncated: reader.truncated, format: reader.format };
}

async function code(data: Uint8Array | string): Promise<string> {
  const reader = openCapture(typeof data === "string" ? data : inChunks(data, 64));
  const error = await failure(() => collect(reader));
  if (!(error instanceof UsageError)) throw error;
  expect(error.message).not.toContain("\n");
  expect(error.next.length).toBeGreaterThan(10);
  return error.code;
}

const RECORDS = [
  { data: Uint8Array.of(1, 2, 3), timeUs: 1_795_173_205_000_001, nanos: 0 },
  { data: Uint8Array.of(4), timeUs: 1_795_173_205_999_999, nanos: 0, originalLength: 1500 },
  { data: new Uint8Array(0), timeUs: 1_795_173_206_000_000, nanos: 0, originalLength: 60 },
];

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

describe("pcapng", () => {
  const SHB = (bigEndian: boolean) => {
    const order = (field: number[]) => (bigEndian ? field : field.reverse());
    const body = [
      ...order(be32(0x1a2b3c4d)),
      ...order(be16(1)),
      ...order(be16(0)),
      ...Array(8).fill(255),
    ];
    return block(0x0a0d0d0a, body, bigEndian);
  };
  const le16 = (value: number) => be16(value).reverse();
  const le32 = (value: number) => be32(value).reverse();
  const idb = (linkType: number, snapLength: number, options: number[] = []) =>
    block(1, [...le16(linkType), 0, 0, ...le32(snapLength), ...options]);
  const epb = (id: number, high: number, low: number, data: number[], original = data.length) =>
    block(6, [
      ...le32(id),
      ...le32(high),
      ...le32(low),
      ...le32(data.length),
      ...le32(original),
      ...data,
    ]);
  const join = (...parts: Uint8Array[]) => Buffer.concat(parts);

  it("equals the pcap of the same packets, for every pair of fixtures", async () => {
    const names = (await readdir(FIXTURES)).filter((name) => name.endsWith(".pcap"));
    expect(names).toHaveLength(14);
    for (const name of names) {
      const classic = await read(await readFile(`${FIXTURES}${name}`));
      const next = await read(await readFile(`${FIXTURES}${name}ng`));
      expect(next.format).toBe("pcapng");
      const untimed = (packets: typeof next.packets) =>
        packets.map((packet) => ({ ...packet, timeUs: 0, nanos: 0 }));
      expect(untimed(next.packets)).toEqual(untimed(classic.packets));
      // Two of the pairs were recorded by two programs, whose clocks differ by a few microseconds.
      const apart = next.packets.map((p, i) =>
        Math.abs(p.timeUs - (classic.packets[i]?.timeUs ?? 0)),
      );
      expect(Math.max(...apart)).toBeLessThanOrEqual(5);
    }
  });

  it("reads sections of both byte orders, and numbers interfaces over the file", async () => {
    const bigIdb = block(1, [...be16(101), 0, 0, ...be32(0)], true);
    const bigEpb = block(6, [...be32(0), ...be32(1), ...be32(2), ...be32(1), ...be32(1), 7], true);
    const data = join(
      SHB(false),
      idb(1, 0),
      idb(113, 0),
      epb(1, 0, 5, [6]),
      SHB(true),
      bigIdb,
      bigEpb,
    );
    const { packets } = await read(data);
    expect(packets.map((p) => [p.frame, p.interfaceId, p.linkType, p.timeUs, p.hex])).toEqual([
      [1, 1, 113, 5, "06"],
      [2, 2, 101, 4_294_967_298, "07"],
    ]);
  });

  it("scales times by powers of ten and of two, and adds the offset", async () => {
    const option = (code: number, value: number[]) => [
      ...le16(code),
      ...le16(value.length),
      ...value,
      ...Array(-value.length & 3).fill(0),
    ];
    const tsresol = (value: number) => [...option(9, [value]), 0, 0, 0, 0];
    const units = 1_795_173_205_123_456_789n;
    const high = Number(units >> 32n);
    const low = Number(units & 0xffffffffn);
    const offset = [...option(14, [...le32(100), 0, 0, 0, 0]), ...tsresol(3)];
    const data = join(
      SHB(false),
      idb(1, 0, tsresol(9)),
      idb(1, 0, tsresol(0x80 | 20)),
      idb(1, 0, offset),
      idb(1, 0, tsresol(12)),
      idb(1, 0, [...option(14, [...le32(-100), 255, 255, 255, 255]), 0, 0, 0, 0]),
      idb(1, 0, [...option(14, [...le32(100), 0, 0, 0, 0]), ...tsresol(9)]),
      epb(0, high, low, [1]),
      epb(1, 0, 3 * 2 ** 19, [1]),
      epb(2, 0, 2500, [1]),
      epb(3, 0, 1_234_567_890, [1]),
      epb(4, 1, 0, [1]),
      epb(5, 0, 1_234, [1]),
    );
    const { packets } = await read(data);
    expect(packets.map((p) => [p.timeUs, p.nanos])).toEqual([
      [1_795_173_205_123_456, 789],
      [1_500_000, 0],
      [102_500_000, 0],
      [1_234, 567],
      [4_194_967_296, 0],
      [100_000_001, 234],
    ]);
  });

  it("reads simple and obsolete packet blocks, and passes over unknown ones", async () => {
    const simple = block(3, [...le32(5), 1, 2, 3, 0]);
    const obsolete = block(2, [
      ...le16(0),
      ...le16(9),
      ...le32(0),
      ...le32(77),
      ...le32(2),
      ...le32(2),
      8,
      9,
    ]);
    const unknown = block(0x0bad, [1, 2, 3, 4]);
    const { packets } = await read(join(SHB(false), idb(1, 3), unknown, obsolete, simple));
    expect(
      packets.map((p) => [p.frame, p.timeUs, p.capturedLength, p.originalLength, p.hex]),
    ).toEqual([
      [1, 77, 2, 2, "0809"],
      [2, 77, 3, 5, "010203"],
    ]);
  });

  it("passes over interfaces of other link types, and says so", async () => {
    const { packets, notes } = await read(
      join(SHB(false), idb(1, 0), idb(189, 0), epb(1, 0, 1, [1]), epb(0, 0, 2, [2])),
    );
    expect(packets.map((p) => p.frame)).toEqual([2]);
    expect(notes).toMatchObject([{ code: "unsupported-interface", count: 1 }]);
    expect(await code(join(SHB(false), idb(189, 0), epb(0, 0, 1, [1])))).toBe("capture-link-type");
  });

  it("refuses lengths and references that contradict the file", async () => {
    const head = join(SHB(false), idb(1, 0), epb(0, 0, 1, [1, 2, 3, 4]));
    const lying = (patch: (bytes: Uint8Array) => void) => {
      const bytes = epb(0, 0, 2, [1, 2, 3, 4]);
      patch(bytes);
      return join(head, bytes);
    };
    const cases = {
      "captured beyond the block": lying((b) => b.set([...le32(400), ...le32(400)], 20)),
      "captured beyond the wire": lying((b) => b.set(le32(3), 24)),
      "two lengths": lying((b) => b.set(le32(32), b.length - 4)),
      "not a multiple of 4": lying((b) => b.set(le32(35), 4)),
      "a huge block": lying((b) => b.set(le32(0x7fff_fff0), 4)),
      "an unknown interface": join(head, epb(3, 0, 2, [1])),
      "a simple packet beyond its block": join(head, block(3, [...le32(900), 1, 2, 3, 4])),
      "an option beyond its block": join(head, idb(1, 0, [...le16(9), ...le16(50), 6, 0, 0, 0])),
      "a short interface block": join(head, block(1, [1, 0, 0, 0])),
    };
    for (const [name, data] of Object.entries(cases)) {
      expect([name, await code(data)]).toEqual([name, "capture-bad-length"]);
    }
  });

  it("delivers the whole packets before the damage", async () => {
    const reader = openCapture(
      inChunks(join(SHB(false), idb(1, 0), epb(0, 0, 1, [1]), epb(7, 0, 1, [1])), 4096),
    );
    const seen: number[] = [];
    await failure(async () => {
      for await (const packet of reader) seen.push(packet.frame);
    });
    expect(seen).toEqual([1]);
  });
});

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
    const liar = pcapFile(RECORDS);
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
