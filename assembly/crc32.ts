/**
 * CRC-32 (IEEE 802.3, reflected 0xEDB88320), bit by bit: a table would cost 1 KiB of a 4 KiB memory,
 * and the journal checks some hundred bytes at a boot.
 */
export function crc32(from: usize, bytes: u32): u32 {
  let crc: u32 = 0xffff_ffff;
  const end = from + bytes;
  do {
    crc ^= <u32>load<u8>(from);
    let bits = 8;
    do {
      crc = (crc >> 1) ^ ((crc & 1) * 0xedb8_8320);
    } while (--bits);
  } while (++from != end);
  return ~crc;
}
