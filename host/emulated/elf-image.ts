/** Reads the loadable parts of an ELF file (System V ABI, 32 bit, little-endian). Pure. */
import { BenchError } from "../core/errors.ts";

export interface LoadableSegment {
  /** Where it lies in the chip's memory map before the firmware runs. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

const MAGIC = 0x464c457f;
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
const PROGRAM_HEADER_BYTES = 32;

/** The segments with contents. BenchError when the file is no such ELF, or lies about its lengths. */
export function loadableSegments(file: Uint8Array, name: string): LoadableSegment[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 52 || view.getUint32(0, true) !== MAGIC) throw badImage(name, "no ELF file");
  if (file[4] !== CLASS_32 || file[5] !== LITTLE_ENDIAN) throw badImage(name, "not for this core");
  const start = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (size < PROGRAM_HEADER_BYTES || start + size * count > file.length) {
    throw badImage(name, "its program headers lie outside the file");
  }
  const segments: LoadableSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    const length = view.getUint32(at + 16, true);
    if (view.getUint32(at, true) !== PT_LOAD || length === 0) continue;
    const offset = view.getUint32(at + 4, true);
    if (offset + length > file.length) throw badImage(name, "a segment lies outside the file");
    const address = view.getUint32(at + 12, true);
    segments.push({ address, bytes: file.subarray(offset, offset + length) });
  }
  return segments;
}

function badImage(name: string, why: string): BenchError {
  return new BenchError(
    "bad-firmware",
    `the firmware ${name} cannot be loaded: ${why}`,
    "build it again with scripts/build-firmware",
  );
}
