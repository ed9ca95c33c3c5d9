/**
 * Joins the captures of a campaign, one pcap a boot, into one. The emulator stamps packets from a base
 * of whole seconds, so parts would overlap by up to a second: each part is moved to the time at which
 * the bench switched the power on.
 */
import { readFile, writeFile } from "node:fs/promises";
import { BenchError } from "../core/errors.ts";

/** The emulator writes pcap with microseconds, little-endian: magic A1B2C3D4 (the pcap format). */
const MAGIC = 0xa1b2c3d4;
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;

export interface CapturePart {
  readonly file: string;
  /** When the part began, in microseconds since 1970: its first packet gets this time. */
  readonly startUs: number;
}

/** Writes the packets of `parts`, in this order, to `target`. BenchError for a file that is no pcap. */
export async function joinCaptures(parts: readonly CapturePart[], target: string): Promise<void> {
  const joined: Uint8Array[] = [];
  for (const { file, startUs } of parts) {
    const bytes = await readFile(file);
    if (bytes.length < FILE_HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) {
      throw new BenchError(
        "bad-recording",
        `the emulator's recording ${file} is no pcap file`,
        "check that the disk of the capture folder is not full",
      );
    }
    if (joined.length === 0) joined.push(bytes.subarray(0, FILE_HEADER_BYTES));
    joined.push(bytes.subarray(FILE_HEADER_BYTES, restamp(bytes, startUs)));
  }
  await writeFile(target, Buffer.concat(joined));
}

/**
 * Moves all packets in time. Returns the length without a last packet that the power cut tore, which
 * would shift everything behind it.
 */
function restamp(bytes: Buffer, startUs: number): number {
  let shiftUs: number | undefined;
  let at = FILE_HEADER_BYTES;
  while (at + PACKET_HEADER_BYTES <= bytes.length) {
    const next = at + PACKET_HEADER_BYTES + bytes.readUInt32LE(at + 8);
    if (next > bytes.length) break;
    const timeUs = bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4);
    shiftUs ??= Math.round(startUs) - timeUs;
    bytes.writeUInt32LE(Math.floor((timeUs + shiftUs) / 1_000_000), at);
    bytes.writeUInt32LE((timeUs + shiftUs) % 1_000_000, at + 4);
    at = next;
  }
  return at;
}
