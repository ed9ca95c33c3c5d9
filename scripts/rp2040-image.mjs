// Finishes an image for the RP2040, in place: puts the checksum of the second-stage boot loader in, which the
// boot ROM asks for (data sheet §2.8.1.3.1), and writes the image as UF2 beside the ELF file.
//   node scripts/rp2040-image.mjs IMAGE.elf
import { readFileSync, writeFileSync } from "node:fs";

const FLASH_START = 0x10000000;
const BOOT2_BYTES = 256;
const PT_LOAD = 1;

// UF2: blocks of 512 bytes that carry 256; the family is the RP2040's.
const UF2_MAGIC = [0x0a324655, 0x9e5d5157];
const UF2_MAGIC_END = 0x0ab16f30;
const UF2_HAS_FAMILY = 0x2000;
const RP2040_FAMILY = 0xe48bff56;
const UF2_BLOCK_BYTES = 512;
const PAGE_BYTES = 256;

/** CRC-32/MPEG-2: polynomial 0x04C11DB7, start 0xFFFFFFFF, nothing reflected, nothing inverted. */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

/** Segments with contents: where they go, and where they stand in the file (System V ABI). */
function segments(elf) {
  const start = elf.readUInt32LE(28);
  const size = elf.readUInt16LE(42);
  const all = [];
  for (let i = 0; i < elf.readUInt16LE(44); i++) {
    const at = start + i * size;
    const bytes = elf.readUInt32LE(at + 16);
    if (elf.readUInt32LE(at) !== PT_LOAD || bytes === 0) continue;
    all.push({ address: elf.readUInt32LE(at + 12), offset: elf.readUInt32LE(at + 4), bytes });
  }
  return all;
}

function sealBoot2(elf) {
  const boot2 = segments(elf).find(({ address }) => address === FLASH_START);
  if (boot2 === undefined || boot2.bytes < BOOT2_BYTES)
    throw new Error("no boot loader in the image");
  const sum = boot2.offset + BOOT2_BYTES - 4;
  elf.writeUInt32LE(crc32(elf.subarray(boot2.offset, sum)), sum);
}

/** Pages that the image touches, in order; cells that it leaves alone stay 0xFF. */
function pages(elf) {
  const found = new Map();
  for (const { address, offset, bytes } of segments(elf)) {
    for (let i = 0; i < bytes; i++) {
      const page = (address + i) & ~(PAGE_BYTES - 1);
      if (!found.has(page)) found.set(page, Buffer.alloc(PAGE_BYTES, 0xff));
      found.get(page)[(address + i) % PAGE_BYTES] = elf[offset + i];
    }
  }
  return [...found].sort(([a], [b]) => a - b);
}

function uf2(all) {
  const image = Buffer.alloc(all.length * UF2_BLOCK_BYTES);
  for (const [i, [address, data]] of all.entries()) {
    const head = [...UF2_MAGIC, UF2_HAS_FAMILY, address, PAGE_BYTES, i, all.length, RP2040_FAMILY];
    const at = i * UF2_BLOCK_BYTES;
    for (const [j, word] of head.entries()) image.writeUInt32LE(word, at + 4 * j);
    data.copy(image, at + 4 * head.length);
    image.writeUInt32LE(UF2_MAGIC_END, at + UF2_BLOCK_BYTES - 4);
  }
  return image;
}

const [path] = process.argv.slice(2);
const elf = readFileSync(path);
sealBoot2(elf);
writeFileSync(path, elf);
writeFileSync(path.replace(/\.elf$/, ".uf2"), uf2(pages(elf)));
