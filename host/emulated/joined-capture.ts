/**
 * Joins the captures of a campaign, one pcap a power cycle, into one on the campaign's clock. The emulator
 * counts time from a base of whole seconds, and time that both sides skipped is not in it; so the device
 * marks instants on the wire by announcing its address (RFC 5227 §2.3: an ARP of its own address), and each
 * mark is moved to the time that the bench took for it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { BenchError } from "../core/errors.ts";

/** The emulator writes pcap with microseconds, little-endian: magic A1B2C3D4 (the pcap format). */
const MAGIC = 0xa1b2c3d4;
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;

export interface CapturePart {
  readonly file: string;
  /** When the device marked, in microseconds since 1970, rising from part to part too; at least one. */
  readonly marksUs: readonly number[];
}

/** A part whose marks are not those that the bench took. */
export interface MarkMismatch {
  readonly part: number;
  readonly expected: number;
  readonly found: number;
}

/**
 * Writes the packets of `parts`, in this order, to `target`. `device`: its IPv4 address as text. Returns
 * the parts that hold more or fewer marks than the bench took. BenchError for a file that is no pcap.
 */
export async function joinCaptures(
  parts: readonly CapturePart[],
  device: string,
  target: string,
): Promise<MarkMismatch[]> {
  const address = Buffer.from(device.split(".").map(Number));
  const joined: Uint8Array[] = [];
  const mismatches: MarkMismatch[] = [];
  for (const [part, { file, marksUs }] of parts.entries()) {
    const bytes = await readFile(file);
    if (bytes.length < FILE_HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) {
      throw new BenchError(
        "bad-recording",
        `the emulator's recording ${file} is no pcap file`,
        "check that the disk of the capture folder is not full",
      );
    }
    if (joined.length === 0) joined.push(bytes.subarray(0, FILE_HEADER_BYTES));
    const endUs = parts[part + 1]?.marksUs[0] ?? Number.POSITIVE_INFINITY;
    const { end, marks } = restamp(bytes, [...marksUs, endUs], address);
    joined.push(bytes.subarray(FILE_HEADER_BYTES, end));
    if (marks !== marksUs.length) {
      mismatches.push({ part, expected: marksUs.length, found: marks });
    }
  }
  await writeFile(target, Buffer.concat(joined));
  return mismatches;
}

/**
 * Moves all packets in time: each mark to its time, what follows by as much, but never up to the next
 * mark, as the bench may have seen the one late and the other at once. Returns the marks found, and the
 * length without a last packet that the power cut tore, which would shift everything behind it.
 */
function restamp(
  bytes: Buffer,
  timesUs: readonly number[],
  device: Buffer,
): { end: number; marks: number } {
  let marks = 0;
  let markedUs = 0;
  let newUs = 0;
  let at = FILE_HEADER_BYTES;
  while (at + PACKET_HEADER_BYTES <= bytes.length) {
    const start = at + PACKET_HEADER_BYTES;
    const next = start + bytes.readUInt32LE(at + 8);
    if (next > bytes.length) break;
    const timeUs = bytes.readUInt32LE(at) * 1_000_000 + bytes.readUInt32LE(at + 4);
    if (isAnnouncement(bytes.subarray(start, next), device)) {
      marks++;
      markedUs = timeUs;
      newUs = Math.round(timesUs[Math.min(marks, timesUs.length - 1) - 1] ?? 0);
    }
    // What is on the wire before the first mark is not the device's.
    const moved = marks === 0 ? Math.round(timesUs[0] ?? 0) - 1 : newUs + timeUs - markedUs;
    const limit = Math.round((timesUs[Math.max(1, marks)] ?? Number.POSITIVE_INFINITY) - 1);
    const stamp = Math.min(moved, limit);
    bytes.writeUInt32LE(Math.floor(stamp / 1_000_000), at);
    bytes.writeUInt32LE(stamp % 1_000_000, at + 4);
    at = next;
  }
  return { end: at, marks };
}

const ETHERTYPE_ARP = 0x0806;

/** Ethernet frame of an ARP packet whose sender and target address are the device's (RFC 826). */
function isAnnouncement(frame: Buffer, device: Buffer): boolean {
  if (frame.length < 42 || frame.readUInt16BE(12) !== ETHERTYPE_ARP) return false;
  return frame.subarray(28, 32).equals(device) && frame.subarray(38, 42).equals(device);
}
