/**
 * Blocks of YMODEM (C. Forsberg, "XMODEM/YMODEM Protocol Reference", 1988): a start byte that tells the
 * size, the block number and its complement, the data, and CRC-16/XMODEM. Pure.
 */

export const YMODEM = {
  soh: 0x01,
  stx: 0x02,
  eot: 0x04,
  ack: 0x06,
  backspace: 0x08,
  nak: 0x15,
  can: 0x18,
  /** Fills the last block. */
  filler: 0x1a,
  /** `C`: send, with CRC. */
  invite: 0x43,
} as const;

const SHORT_BLOCK_BYTES = 128;
export const LONG_BLOCK_BYTES = 1024;

/** CRC-16/XMODEM: polynomial 0x1021, start 0. */
export function crc16Xmodem(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** A block of 128 or 1,024 bytes, the smaller one that fits; `number` is taken mod 256. */
export function ymodemBlock(number: number, data: Uint8Array, filler: number): Uint8Array {
  const size = data.length <= SHORT_BLOCK_BYTES ? SHORT_BLOCK_BYTES : LONG_BLOCK_BYTES;
  const block = new Uint8Array(3 + size + 2).fill(filler);
  block[0] = size === SHORT_BLOCK_BYTES ? YMODEM.soh : YMODEM.stx;
  block[1] = number & 0xff;
  block[2] = ~number & 0xff;
  block.set(data.subarray(0, size), 3);
  const crc = crc16Xmodem(block.subarray(3, 3 + size));
  block[3 + size] = crc >> 8;
  block[4 + size] = crc & 0xff;
  return block;
}

/** Block 0: the file's name and length. An empty name ends the batch. */
export function ymodemHeader(name: string, length: number): Uint8Array {
  if (name === "") return ymodemBlock(0, new Uint8Array(0), 0);
  // Only what every receiver takes: no folders, no blanks, no control characters.
  const plain = name.replace(/^.*[/\\]/, "").replace(/[^A-Za-z0-9._-]/g, "_");
  const text = `${plain.slice(0, 64) || "file"}\0${length}`;
  return ymodemBlock(0, new TextEncoder().encode(text), 0);
}
