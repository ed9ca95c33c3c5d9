/** Changes of a capture that change nothing about its hosts: what a recorder or a box on the way does. */
import { openCapture } from "../../host/capture/capture-reader.ts";
import { packetData } from "../../host/capture/packet.ts";
import { collect, pcapFile, type RecordFields } from "./packets.ts";

export interface PlainCapture {
  readonly linkType: number;
  readonly records: readonly RecordFields[];
}

export async function readPlain(path: string): Promise<PlainCapture> {
  const packets = await collect(openCapture(path));
  const records = packets.map((packet) => ({
    data: Uint8Array.from(packetData(packet)),
    timeUs: packet.timeUs,
    originalLength: packet.originalLength,
  }));
  return { linkType: packets[0]?.linkType ?? 1, records };
}

export function fileOf({ linkType, records }: PlainCapture): Uint8Array {
  return pcapFile(records, { linkType });
}

/** Numbers from 0 to 1 that are the same each time. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let hash = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
  };
}

function dropped(share: number, seed: number) {
  return ({ linkType, records }: PlainCapture): PlainCapture => {
    const draw = draws(seed);
    return { linkType, records: records.filter(() => draw() >= share) };
  };
}

function later(record: RecordFields, us: number): RecordFields {
  return { ...record, timeUs: (record.timeUs ?? 0) + us };
}

export const CHANGES: Readonly<Record<string, (capture: PlainCapture) => PlainCapture>> = {
  "as recorded": (capture) => capture,
  "each frame twice": ({ linkType, records }) => ({
    linkType,
    records: records.flatMap((record) => [record, later(record, 3)]),
  }),
  "the file twice": ({ linkType, records }) => ({ linkType, records: [...records, ...records] }),
  "10 % of the frames lost": dropped(0.1, 1),
  "40 % of the frames lost": dropped(0.4, 2),
  "without its first third": ({ linkType, records }) => ({
    linkType,
    records: records.slice(Math.floor(records.length / 3)),
  }),
  "without its last third": ({ linkType, records }) => ({
    linkType,
    records: records.slice(0, Math.ceil((2 * records.length) / 3)),
  }),
  "a day later": ({ linkType, records }) => ({
    linkType,
    records: records.map((record) => later(record, 86_400_000_000)),
  }),
};
