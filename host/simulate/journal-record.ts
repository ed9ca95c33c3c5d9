/**
 * Reads the sequence ceiling out of a journal record as the module programs it (assembly/record.ts):
 * 32 bytes, little-endian, ceiling at 0 (u64), CRC-32 of the first 28 at 28; a header begins with a magic
 * number and its format version. On a key-value store the record is the second half of the value. Only for
 * pictures: nothing is judged by it.
 */

const RECORD_BYTES = 32;
const CRC_AT = 28;
/** "ISN" and format version 2. */
const MAGIC = 0x024e5349;

/** The ceiling in ticks of 4 µs, or undefined when the bytes are no record. */
export function ceilingOf(programmed: Uint8Array, keyValue: boolean): number | undefined {
  const at = keyValue ? RECORD_BYTES : 0;
  if (programmed.length < at + RECORD_BYTES) return undefined;
  const view = new DataView(programmed.buffer, programmed.byteOffset + at, RECORD_BYTES);
  if (view.getUint32(0, true) === MAGIC) return undefined;
  const crc = crc32(programmed.subarray(at, at + CRC_AT));
  if (view.getUint32(CRC_AT, true) !== crc) return undefined;
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
}

/** CRC-32 of IEEE 802.3, reflected, as zlib has it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
