import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { joinCaptures } from "../../../host/emulated/joined-capture.ts";
import { compareConnections, connections } from "../../../host/sources/packet-evidence.ts";

const tuple = (localPort: number) => ({
  localAddress: "10.77.0.2",
  localPort,
  remoteAddress: "10.77.0.1",
  remotePort: 25,
});

function open(boot: number, localPort: number, isn: number, tsval?: number): Sample {
  const base = { kind: "open", boot, timeUs: 0, tuple: tuple(localPort), isn } as const;
  return { ...base, portChoice: "allocated", ...(tsval === undefined ? {} : { tsval }) };
}

function used(boot: number, localPort: number, next: number, cutShort = false): Sample {
  return {
    kind: "used",
    boot,
    timeUs: 0,
    tuple: tuple(localPort),
    next,
    ...(cutShort ? { cutShort } : {}),
  };
}

function compare(said: Sample[], seen: Sample[], endedByReset: number[] = []): string[] {
  return compareConnections(connections(said), connections(seen), new Set(endedByReset));
}

describe("records and packets", () => {
  const said = [open(0, 1, 100, 7), used(0, 1, 150), open(0, 2, 300), open(1, 3, 500)];

  it("agree when each connection is in both, with the same numbers", () => {
    const seen = [open(0, 1, 100, 7), open(0, 2, 300), used(0, 1, 150), open(1, 3, 500)];
    expect(compare(said, seen)).toEqual([]);
  });

  it.each([
    ["another ISN", [open(0, 1, 101, 7), open(0, 2, 300), open(1, 3, 500)]],
    ["another port", [open(0, 9, 100, 7), open(0, 2, 300), open(1, 3, 500)]],
    ["another TSval", [open(0, 1, 100, 8), open(0, 2, 300), open(1, 3, 500)]],
    ["no TSval", [open(0, 1, 100), open(0, 2, 300), open(1, 3, 500)]],
    ["fewer numbers used", [open(0, 1, 100, 7), used(0, 1, 149), open(0, 2, 300), open(1, 3, 500)]],
    ["nothing of the last one", [open(0, 1, 100, 7), used(0, 1, 150), open(0, 2, 300)]],
    ["another boot", [open(0, 1, 100, 7), used(0, 1, 150), open(1, 2, 300), open(1, 3, 500)]],
  ])("disagree when the wire shows %s", (_, seen) => {
    expect(compare(said, seen)).not.toEqual([]);
  });

  it("agree when the power was cut between the last SYN and its record, and not after a reset", () => {
    const seen = [...said.slice(0, 3), open(0, 8, 400), open(1, 3, 500)];
    expect(compare(said, seen)).toEqual([]);
    expect(compare(said, seen, [0])).toHaveLength(1);
  });

  it("disagree when the wire shows two connections more", () => {
    const seen = [...said.slice(0, 3), open(0, 8, 400), open(0, 9, 450), open(1, 3, 500)];
    expect(compare(said, seen)).toHaveLength(1);
  });

  it("need not agree on the end of a connection that was cut short", () => {
    expect(
      compare([open(0, 1, 100), used(0, 1, 150, true)], [open(0, 1, 100), used(0, 1, 160)]),
    ).toEqual([]);
  });
});

describe("recordings of several power cycles", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "isnkit-joined-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ANNOUNCEMENT = Buffer.alloc(42);
  ANNOUNCEMENT.writeUInt16BE(0x0806, 12);
  Buffer.from([10, 77, 0, 2]).copy(ANNOUNCEMENT, 28);
  Buffer.from([10, 77, 0, 2]).copy(ANNOUNCEMENT, 38);
  const OTHER = Buffer.alloc(60);

  /** A pcap of frames at times in microseconds; the header is as QEMU writes it. */
  function pcap(name: string, packets: [number, Buffer][], torn = 0): string {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt32LE(1, 20);
    const parts = packets.flatMap(([us, frame]) => {
      const head = Buffer.alloc(16);
      head.writeUInt32LE(Math.floor(us / 1e6), 0);
      head.writeUInt32LE(us % 1e6, 4);
      head.writeUInt32LE(frame.length, 8);
      head.writeUInt32LE(frame.length, 12);
      return [head, frame];
    });
    const bytes = Buffer.concat([header, ...parts]);
    const path = join(folder, name);
    writeFileSync(path, bytes.subarray(0, bytes.length - torn));
    return path;
  }

  function times(path: string): number[] {
    const bytes = readFileSync(path);
    const all: number[] = [];
    for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
      all.push(bytes.readUInt32LE(at) * 1e6 + bytes.readUInt32LE(at + 4));
    }
    return all;
  }

  it("are moved to the times of their marks, also behind skipped time", async () => {
    const first = pcap("a", [
      [5_000_000, ANNOUNCEMENT],
      [5_000_100, OTHER],
      [5_000_200, ANNOUNCEMENT],
      [5_000_300, OTHER],
    ]);
    const second = pcap("b", [
      [5_000_000, OTHER],
      [5_000_050, ANNOUNCEMENT],
      [5_000_060, OTHER],
    ]);
    const target = join(folder, "all");
    const parts = [
      { file: first, marksUs: [1e12, 1e12 + 240e6] },
      { file: second, marksUs: [1e12 + 300e6] },
    ];
    expect(await joinCaptures(parts, "10.77.0.2", target)).toEqual([]);
    expect(times(target).map((us) => us - 1e12)).toEqual([
      0,
      100,
      240e6,
      240e6 + 100,
      300e6 - 1,
      300e6,
      300e6 + 10,
    ]);
  });

  it("never reach into the next mark, whenever the bench saw it", async () => {
    const file = pcap("c", [
      [0, ANNOUNCEMENT],
      [500, OTHER],
      [600, ANNOUNCEMENT],
    ]);
    const target = join(folder, "c-all");
    await joinCaptures([{ file, marksUs: [1000, 1300] }], "10.77.0.2", target);
    expect(times(target)).toEqual([1000, 1299, 1300]);
  });

  it("tell of marks that are missing or too many", async () => {
    const one = pcap("d", [[0, ANNOUNCEMENT]]);
    const two = pcap("e", [
      [0, ANNOUNCEMENT],
      [9, ANNOUNCEMENT],
    ]);
    const target = join(folder, "d-all");
    const parts = [
      { file: one, marksUs: [1, 2] },
      { file: two, marksUs: [50] },
    ];
    expect(await joinCaptures(parts, "10.77.0.2", target)).toEqual([
      { part: 0, expected: 2, found: 1 },
      { part: 1, expected: 1, found: 2 },
    ]);
  });

  it("lose a last packet that the power cut tore", async () => {
    const torn = pcap(
      "f",
      [
        [0, ANNOUNCEMENT],
        [5, OTHER],
      ],
      7,
    );
    const target = join(folder, "f-all");
    const parts = [
      { file: torn, marksUs: [100] },
      { file: torn, marksUs: [200] },
    ];
    await joinCaptures(parts, "10.77.0.2", target);
    expect(times(target)).toEqual([100, 200]);
  });
});
