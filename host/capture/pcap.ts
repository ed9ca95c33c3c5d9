/**
 * The classic capture format (draft-ietf-opsawg-pcap): a header of 24 bytes, then records of a
 * 16-byte header and the packet. The magic tells the byte order and the unit of the fraction.
 */
import type { ByteQueue } from "./byte-queue.ts";
import { badLength, cutShort, unsupportedLinkType, unsupportedVersion } from "./capture-errors.ts";
import { SUPPORTED_LINK_TYPES } from "./link.ts";
import {
  type CaptureNote,
  PacketSlot,
  RECORD_BYTES_MAX,
  type TakePacket,
  UNDERSTATED_BYTES_MAX,
} from "./packet.ts";
import { type CaptureParser, truncatedNote, understatedNotes } from "./parser.ts";

const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** Byte order and resolution by the first four bytes, or undefined if this is no pcap. */
export function pcapVariant(
  view: DataView,
  at: number,
): { littleEndian: boolean; nano: boolean } | undefined {
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(at, littleEndian);
    if (magic === MAGIC_MICRO || magic === MAGIC_NANO) {
      return { littleEndian, nano: magic === MAGIC_NANO };
    }
  }
  return undefined;
}

export class PcapParser implements CaptureParser {
  readonly format = "pcap";
  readonly #name: string;
  readonly #littleEndian: boolean;
  readonly #nano: boolean;
  readonly #packet = new PacketSlot();
  #linkType = -1;
  #frames = 0;
  #understated = 0;

  constructor(name: string, variant: { littleEndian: boolean; nano: boolean }) {
    this.#name = name;
    this.#littleEndian = variant.littleEndian;
    this.#nano = variant.nano;
  }

  get delivered(): number {
    return this.#frames;
  }

  parse(queue: ByteQueue, take: TakePacket): void {
    if (this.#linkType < 0 && !this.#readFileHeader(queue)) return;
    while (queue.has(RECORD_HEADER)) {
      const at = queue.position;
      const capturedLength = queue.view.getUint32(at + 8, this.#littleEndian);
      const originalLength = queue.view.getUint32(at + 12, this.#littleEndian);
      if (capturedLength > RECORD_BYTES_MAX) {
        throw this.#damaged(queue, `a packet claims ${capturedLength} bytes`);
      }
      if (capturedLength > Math.max(originalLength, UNDERSTATED_BYTES_MAX)) {
        throw this.#damaged(
          queue,
          `a packet claims ${capturedLength} captured bytes of ${originalLength} on the wire`,
        );
      }
      if (!queue.has(RECORD_HEADER + capturedLength)) return;
      if (capturedLength > originalLength) this.#understated += 1;
      take(this.#fill(queue, capturedLength, Math.max(capturedLength, originalLength)));
      queue.skip(RECORD_HEADER + capturedLength);
    }
  }

  end(queue: ByteQueue): readonly CaptureNote[] {
    if (this.#linkType < 0)
      throw cutShort(this.#name, queue.offset + queue.available, "the file header");
    const notes = understatedNotes(this.#understated);
    if (queue.available === 0) return notes;
    if (this.#frames === 0) throw cutShort(this.#name, queue.offset, "packet 1");
    return [truncatedNote(this.#name, queue.offset, this.#frames), ...notes];
  }

  #readFileHeader(queue: ByteQueue): boolean {
    if (!queue.has(FILE_HEADER)) return false;
    const { view, position: at } = queue;
    const major = view.getUint16(at + 4, this.#littleEndian);
    const minor = view.getUint16(at + 6, this.#littleEndian);
    if (major !== 2) throw unsupportedVersion(this.#name, at + 4, `${major}.${minor}`);
    // The upper half of the field tells the length of the frame check sequence, not the type.
    this.#linkType = view.getUint32(at + 20, this.#littleEndian) & 0xffff;
    if (!SUPPORTED_LINK_TYPES.has(this.#linkType)) {
      throw unsupportedLinkType(this.#name, this.#linkType);
    }
    queue.skip(FILE_HEADER);
    return true;
  }

  #fill(queue: ByteQueue, capturedLength: number, originalLength: number): PacketSlot {
    const { view, position: at } = queue;
    const seconds = view.getUint32(at, this.#littleEndian);
    const fraction = view.getUint32(at + 4, this.#littleEndian);
    const packet = this.#packet;
    this.#frames += 1;
    packet.frame = this.#frames;
    packet.timeUs = seconds * 1_000_000 + (this.#nano ? Math.floor(fraction / 1000) : fraction);
    packet.nanos = this.#nano ? fraction % 1000 : 0;
    packet.linkType = this.#linkType;
    packet.capturedLength = capturedLength;
    packet.originalLength = originalLength;
    packet.bytes = queue.bytes;
    packet.view = queue.view;
    packet.start = at + RECORD_HEADER;
    return packet;
  }

  #damaged(queue: ByteQueue, what: string): Error {
    return badLength(this.#name, queue.offset, this.#frames, what);
  }
}
