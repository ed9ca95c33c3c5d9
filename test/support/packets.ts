/** Builds packets and captures byte by byte, independently of the code that reads them. */

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface TcpFields {
  readonly sourcePort?: number;
  readonly targetPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  /** Option bytes; padded with zeros to a multiple of 4. */
  readonly options?: readonly number[];
  readonly payload?: Uint8Array;
}

export interface Ends {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

export const V4: Ends = { source: [10, 77, 0, 2], target: [10, 77, 0, 1] };
export const V6: Ends = {
  source: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  target: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
};

export function be16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

export function be32(value: number): number[] {
  return [...be16(value >>> 16), ...be16(value & 0xffff)];
}

export function timestamps(tsval: number, tsecr: number): number[] {
  return [1, 1, 8, 10, ...be32(tsval), ...be32(tsecr)];
}

/** A TCP segment with a valid checksum for the given addresses. */
export function tcp(fields: TcpFields, ends: Ends = V4): Uint8Array {
  const options = [...(fields.options ?? [])];
  while (options.length % 4 !== 0) options.push(0);
  const header = [
    ...be16(fields.sourcePort ?? 49153),
    ...be16(fields.targetPort ?? 1021),
    ...be32(fields.sequence ?? 0),
    ...be32(fields.acknowledgement ?? 0),
    ((20 + options.length) / 4) << 4,
    fields.flags ?? FLAG.ack,
    ...be16(64240),
    0,
    0,
    0,
    0,
    ...options,
  ];
  const segment = Uint8Array.from([...header, ...(fields.payload ?? [])]);
  const pseudo = [...ends.source, ...ends.target, ...be32(segment.length), 0, 0, 0, 6];
  segment.set(be16(onesComplement([...pseudo, ...segment])), 16);
  return segment;
}

export function onesComplement(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

export interface Ipv4Fields extends Partial<Ends> {
  readonly protocol?: number;
  readonly options?: readonly number[];
  /** Overrides the true total length. */
  readonly totalLength?: number;
  /** Offset in units of 8 bytes. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
}

export function ipv4(payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const options = fields.options ?? [];
  const header = [
    0x40 | ((20 + options.length) / 4),
    0,
    ...be16(fields.totalLength ?? 20 + options.length + payload.length),
    ...be16(0x1234),
    ...be16((fields.moreFragments ? 0x2000 : 0) | (fields.fragmentOffset ?? 0)),
    64,
    fields.protocol ?? 6,
    0,
    0,
    ...(fields.source ?? V4.source),
    ...(fields.target ?? V4.target),
    ...options,
  ];
  header.splice(10, 2, ...be16(onesComplement(header)));
  return Uint8Array.from([...header, ...payload]);
}

export interface Ipv6Fields extends Partial<Ends> {
  /** Header number of what follows, extension headers included. */
  readonly next?: number;
  readonly payloadLength?: number;
}

export function ipv6(payload: Uint8Array, fields: Ipv6Fields = {}): Uint8Array {
  return Uint8Array.from([
    ...[0x60, 0, 0, 0],
    ...be16(fields.payloadLength ?? payload.length),
    fields.next ?? 6,
    64,
    ...(fields.source ?? V6.source),
    ...(fields.target ?? V6.target),
    ...payload,
  ]);
}

export function bytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Destination and source MAC, then the type. */
export function ethernet(
  payload: Uint8Array,
  ...types: readonly (readonly number[])[]
): Uint8Array {
  const macs = [0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2];
  return bytes(macs, ...(types.length > 0 ? types : [be16(0x0800)]), payload);
}

export interface RecordFields {
  readonly data: Uint8Array;
  readonly timeUs?: number;
  readonly nanos?: number;
  readonly originalLength?: number;
}

export interface PcapFields {
  readonly linkType?: number;
  readonly nano?: boolean;
  readonly bigEndian?: boolean;
}

export function pcapFile(records: readonly RecordFields[], fields: PcapFields = {}): Uint8Array {
  const { linkType = 1, nano = false, bigEndian = false } = fields;
  const u16 = (value: number) => (bigEndian ? be16(value) : be16(value).reverse());
  const u32 = (value: number) => (bigEndian ? be32(value) : be32(value).reverse());
  const header = [
    ...u32(nano ? 0xa1b23c4d : 0xa1b2c3d4),
    ...u16(2),
    ...u16(4),
    ...u32(0),
    ...u32(0),
    ...u32(262144),
    ...u32(linkType),
  ];
  const body = records.map(({ data, timeUs = 0, nanos = 0, originalLength }) => {
    const micros = timeUs % 1_000_000;
    return bytes(
      u32(Math.floor(timeUs / 1_000_000)),
      u32(nano ? micros * 1000 + nanos : micros),
      u32(data.length),
      u32(originalLength ?? data.length),
      data,
    );
  });
  return Buffer.concat([Uint8Array.from(header), ...body]);
}

/** A pcapng block in either byte order; the body is padded. */
export function block(type: number, body: readonly number[], bigEndian = false): Uint8Array {
  const u32 = (value: number) => (bigEndian ? be32(value) : be32(value).reverse());
  const padded = [...body];
  while (padded.length % 4 !== 0) padded.push(0);
  const length = padded.length + 12;
  return bytes(u32(type), u32(length), padded, u32(length));
}

/** The bytes in chunks of `size`. */
export async function* inChunks(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

/** What `work` throws; fails if it throws nothing. */
export async function failure(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("it was expected to fail, and did not");
}
