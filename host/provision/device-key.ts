/**
 * A device's key on its way to the device: drawn, turned into a console command, and wiped. It is never
 * text, as text cannot be wiped: whoever holds it calls `wipeKey`.
 */
import { sipHashLow } from "../core/siphash.ts";

export const KEY_BYTES = 16;

/** What the module hashes to name its key (assembly/index.ts, `fingerprint`): the empty message. */
const FINGERPRINT_MESSAGE = new Uint8Array(0);

/** 32 bits that name a key and tell nothing of it, as the device tells them. 0 for no key. */
export function fingerprintOf(key: Uint8Array): number {
  return key.every((byte) => byte === 0) ? 0 : sipHashLow(key, FINGERPRINT_MESSAGE);
}

/** A fingerprint as people and records see it: eight hexadecimal digits. */
export function fingerprintText(fingerprint: number): string {
  return fingerprint.toString(16).padStart(8, "0");
}

export function wipeKey(key: Uint8Array): void {
  key.fill(0);
}

const HEX = new TextEncoder().encode("0123456789abcdef");

/** `id=… do=provision options=… key=… *crc`, as bytes that the caller wipes. */
export function provisionCommand(id: number, key: Uint8Array, options: number): Uint8Array {
  const head = new TextEncoder().encode(`id=${id} do=provision options=${options} key=`);
  const line = new Uint8Array(head.length + 2 * key.length + " *0000\n".length);
  line.set(head);
  let end = head.length;
  const put = (byte: number) => {
    line[end++] = byte;
  };
  for (const byte of key) {
    put(HEX[byte >> 4] ?? 0);
    put(HEX[byte & 15] ?? 0);
  }
  const crc = crc16(line.subarray(0, end));
  put(0x20);
  put(0x2a);
  for (let shift = 12; shift >= 0; shift -= 4) put(HEX[(crc >> shift) & 15] ?? 0);
  put(0x0a);
  return line;
}

/** CRC-16/CCITT-FALSE, as on each line of the console. */
function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
