/**
 * Firmware as pieces of a chip's memory, whatever file it came in: ELF, UF2, or plain bytes for the
 * start of the flash.
 */
import { createHash } from "node:crypto";
import { BenchError, UsageError } from "../core/errors.ts";
import { type LoadableSegment, loadableSegments } from "../emulated/elf-image.ts";
import { type DeviceModule, shortDigest } from "./device-module.ts";
import { isUf2, readUf2 } from "./uf2.ts";

export interface FirmwareImage {
  readonly format: "elf" | "uf2" | "bin";
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string;
  /** In rising order, not overlapping, none empty. */
  readonly pieces: readonly LoadableSegment[];
  /** Of a UF2 file. */
  readonly familyId?: number;
}

const ELF_MAGIC = "\u007fELF";

/** Reads a file. `base`: where plain bytes go. UsageError `bad-image`; BenchError for a broken ELF. */
export function readFirmware(
  file: Uint8Array,
  name: string,
  base: number | undefined,
): FirmwareImage {
  const sha256 = createHash("sha256").update(file).digest("hex");
  if (Buffer.from(file.subarray(0, 4)).toString("latin1") === ELF_MAGIC) {
    return { format: "elf", sha256, pieces: inOrder(loadableSegments(file, name), name) };
  }
  if (isUf2(file)) {
    const { pieces, familyId } = readUf2(file, name);
    return { format: "uf2", sha256, pieces, ...(familyId === undefined ? {} : { familyId }) };
  }
  if (/\.(hex|ihex|srec|s19)$/i.test(name)) {
    throw badImage(name, "text formats (Intel HEX, S-records) are not read");
  }
  if (base === undefined) throw badImage(name, "nothing says to which address plain bytes go");
  return { format: "bin", sha256, pieces: [{ address: base, bytes: file }] };
}

/** Between two sections; more is not the image's, and an erased flash would pass for it. */
const GAP_BYTES_MAX = 64;

/** The bytes of a range; undefined when the image does not hold them. Small gaps read as 0xFF. */
function rangeOf(
  { pieces }: FirmwareImage,
  address: number,
  length: number,
): Uint8Array | undefined {
  const range = new Uint8Array(length).fill(0xff);
  let missing = length;
  for (const piece of pieces) {
    const from = Math.max(address, piece.address);
    const to = Math.min(address + length, piece.address + piece.bytes.length);
    if (from >= to) continue;
    range.set(piece.bytes.subarray(from - piece.address, to - piece.address), from - address);
    missing -= to - from;
  }
  return missing <= Math.min(GAP_BYTES_MAX, length - 1) ? range : undefined;
}

/** Whether a piece of the image lies in a region. */
export function touches(
  { pieces }: FirmwareImage,
  region: { address: number; bytes: number },
): boolean {
  return pieces.some(
    ({ address, bytes }) =>
      address < region.address + region.bytes && region.address < address + bytes.length,
  );
}

/**
 * Compares what the device says of its own image with the file: every piece that it names has to have the
 * file's hash. BenchError `not-confirmed` when one has not, or when it names none.
 */
export function expectRunning(device: DeviceModule, image: FirmwareImage, place: string): void {
  const told = device.image.reduce((sum, { bytes }) => sum + bytes, 0);
  if (told === 0) throw notConfirmed(place, "the device tells no hash of its image");
  for (const { address, bytes, digest } of device.image) {
    const range = bytes > MEMORY_BYTES_MAX ? undefined : rangeOf(image, address, bytes);
    const expected =
      range === undefined
        ? undefined
        : shortDigest(createHash("sha256").update(range).digest("hex"));
    if (expected === digest) continue;
    const where = `0x${address.toString(16)}, ${bytes} bytes`;
    throw notConfirmed(
      place,
      `at ${where} the device runs ${digest}, the file has ${expected ?? "nothing"}`,
    );
  }
  const held = image.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  // Padding and a second-stage loader may be more than the device counts.
  if (held - told > UNTOLD_BYTES_MAX)
    throw notConfirmed(place, `the device runs ${told} bytes, the file has ${held}`);
}

const UNTOLD_BYTES_MAX = 4096;
/** No microcontroller has more flash. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

function inOrder(segments: readonly LoadableSegment[], name: string): LoadableSegment[] {
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  sorted.forEach((segment, i) => {
    const next = sorted[i + 1];
    if (next === undefined || segment.address + segment.bytes.length <= next.address) return;
    throw badImage(name, "two of its parts go to the same address");
  });
  if (sorted.length === 0) throw badImage(name, "it holds nothing to be loaded");
  return sorted;
}

function badImage(name: string, why: string): UsageError {
  return new UsageError(
    "bad-image",
    `${JSON.stringify(name)} is no firmware for this board: ${why}`,
    "give the .elf that the build made, a .uf2, or plain bytes (.bin) for the start of the flash",
  );
}

function notConfirmed(place: string, why: string): BenchError {
  return new BenchError(
    "not-confirmed",
    `the image was written, but ${place} does not confirm it: ${why}`,
    "ask it: `isnkit monitor`, then do=about image=1; then flash it again",
  );
}
