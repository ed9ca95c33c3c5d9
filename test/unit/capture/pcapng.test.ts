import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { code, FIXTURES, read } from "../../support/captures.ts";
import { be16, be32, block, failure, inChunks } from "../../support/packets.ts";

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
    const { packets, notes } = await read(join(SHB(false), idb(1, 3), unknown, obsolete, simple));
    expect(notes).toMatchObject([{ code: "no-time", count: 1 }]);
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

  it("takes the captured bytes where fewer are said to have been on the wire, and notes it", async () => {
    const lying = epb(0, 0, 1, [1, 2, 3, 4]);
    lying.set(le32(3), 24);
    const { packets, notes } = await read(join(SHB(false), idb(1, 0), lying, epb(0, 0, 2, [5])));
    expect(packets.map((p) => [p.capturedLength, p.originalLength])).toEqual([
      [4, 4],
      [1, 1],
    ]);
    expect(notes).toEqual([expect.objectContaining({ code: "wire-length-understated", count: 1 })]);
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
