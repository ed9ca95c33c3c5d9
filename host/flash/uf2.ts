/**
 * UF2 files (Microsoft, "USB Flashing Format", github.com/microsoft/uf2): blocks of 512 bytes, each with
 * its address, its number and a payload of up to 476 bytes. Pure: reads, checks and writes them.
 */

import { UsageError } from "../core/errors.ts";
import type { LoadableSegment } from "../emulated/elf-image.ts";

const UF2_BLOCK_BYTES = 512;
const PAYLOAD_MAX = 476;
/** What the boot loaders of the RP2040 and others take. */
const PAYLOAD_WRITTEN = 256;
const MAGIC_0 = 0x0a324655;
const MAGIC_1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const AT = {
  flags: 8,
  address: 12,
  payload: 16,
  number: 20,
  count: 24,
  family: 28,
  data: 32,
  end: 508,
};
const FLAG = { notMainFlash: 0x1, fileContainer: 0x1000, family: 0x2000 } as const;
/** Flash of 64 MiB in the smallest payloads that occur. */
const BLOCKS_MAX = 262_144;

export interface Uf2Contents {
  readonly pieces: readonly LoadableSegment[];
  readonly familyId: number | undefined;
}

export function isUf2(file: Uint8Array): boolean {
  const view = viewOf(file);
  return (
    file.length >= 8 && view.getUint32(0, true) === MAGIC_0 && view.getUint32(4, true) === MAGIC_1
  );
}

/** Reads a whole file. UsageError `bad-uf2` that names the block and what is wrong with it. */
export function readUf2(file: Uint8Array, name: string): Uf2Contents {
  const count = file.length / UF2_BLOCK_BYTES;
  if (count === 0 || !Number.isInteger(count)) {
    throw badUf2(name, `its length, ${file.length} bytes, is not whole blocks of 512`);
  }
  if (count > BLOCKS_MAX) throw badUf2(name, `it has more than ${BLOCKS_MAX} blocks`);
  const view = viewOf(file);
  const pieces: LoadableSegment[] = [];
  let familyId: number | undefined;
  for (let number = 0; number < count; number++) {
    const at = number * UF2_BLOCK_BYTES;
    const fail = (why: string) => badUf2(name, `block ${number}: ${why}`);
    const field = (offset: number) => view.getUint32(at + offset, true);
    if (field(0) !== MAGIC_0 || field(4) !== MAGIC_1 || field(AT.end) !== MAGIC_END) {
      throw fail("its marks are wrong");
    }
    if (field(AT.number) !== number || field(AT.count) !== count) {
      throw fail(`it says that it is ${field(AT.number)} of ${field(AT.count)}, of ${count}`);
    }
    const flags = field(AT.flags);
    if (flags & FLAG.fileContainer) throw fail("it holds a file, not a part of the flash");
    const payload = field(AT.payload);
    if (payload === 0 || payload > PAYLOAD_MAX) throw fail(`a payload of ${payload} bytes`);
    if (flags & FLAG.notMainFlash) continue;
    const family = flags & FLAG.family ? field(AT.family) : undefined;
    if (pieces.length > 0 && family !== familyId)
      throw fail("it is for another chip than the others");
    familyId = family;
    const address = field(AT.address);
    if (address + payload > 2 ** 32) throw fail("it ends beyond the memory map");
    const data = file.subarray(at + AT.data, at + AT.data + payload);
    const last = pieces.at(-1);
    if (last !== undefined && address < last.address + last.bytes.length) {
      throw fail("its address is not behind the block before it");
    }
    pieces.push({ address, bytes: data });
  }
  if (pieces.length === 0) throw badUf2(name, "it holds nothing for the main flash");
  return { pieces: joined(pieces), familyId };
}

/** Makes a file out of pieces of the flash, in pages of 256 bytes; what lies between in a page is 0. */
export function writeUf2(pieces: readonly LoadableSegment[], familyId: number): Uint8Array {
  const pages = new Map<number, Uint8Array>();
  for (const { address, bytes } of pieces) {
    for (let at = 0; at < bytes.length; ) {
      const start = Math.floor((address + at) / PAYLOAD_WRITTEN) * PAYLOAD_WRITTEN;
      const page = pages.get(start) ?? new Uint8Array(PAYLOAD_WRITTEN);
      const offset = address + at - start;
      const part = bytes.subarray(at, at + PAYLOAD_WRITTEN - offset);
      page.set(part, offset);
      pages.set(start, page);
      at += part.length;
    }
  }
  const file = new Uint8Array(pages.size * UF2_BLOCK_BYTES);
  const view = viewOf(file);
  [...pages]
    .sort(([a], [b]) => a - b)
    .forEach(([address, page], number) => {
      const at = number * UF2_BLOCK_BYTES;
      const words: readonly (readonly [number, number])[] = [
        [0, MAGIC_0],
        [4, MAGIC_1],
        [AT.flags, FLAG.family],
        [AT.address, address],
        [AT.payload, PAYLOAD_WRITTEN],
        [AT.number, number],
        [AT.count, pages.size],
        [AT.family, familyId],
        [AT.end, MAGIC_END],
      ];
      for (const [offset, value] of words) view.setUint32(at + offset, value, true);
      file.set(page, at + AT.data);
    });
  return file;
}

/** Neighbouring blocks as one piece. */
function joined(pieces: readonly LoadableSegment[]): LoadableSegment[] {
  const groups: { address: number; end: number; parts: Uint8Array[] }[] = [];
  for (const { address, bytes } of pieces) {
    const last = groups.at(-1);
    if (last !== undefined && last.end === address) {
      last.parts.push(bytes);
      last.end += bytes.length;
    } else groups.push({ address, end: address + bytes.length, parts: [bytes] });
  }
  return groups.map(({ address, parts }) => ({
    address,
    bytes: new Uint8Array(Buffer.concat(parts)),
  }));
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}

function badUf2(name: string, why: string): UsageError {
  return new UsageError(
    "bad-uf2",
    `${JSON.stringify(name)} is no UF2 file for a board: ${why}`,
    "make it again: `picotool uf2 convert`, elf2uf2, or the build of the firmware",
  );
}
