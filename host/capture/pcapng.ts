/**
 * The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each section with its own byte
 * order and interfaces. Blocks and options that are not needed are skipped.
 */
import { plural } from "../core/plural.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { badLength, cutShort, unsupportedLinkType, unsupportedVersion } from "./capture-errors.ts";
import { SUPPORTED_LINK_TYPES } from "./link.ts";
import { type CaptureNote, PacketSlot, RECORD_BYTES_MAX, type TakePacket } from "./packet.ts";
import { type CaptureParser, truncatedNote, understatedNotes } from "./parser.ts";
import { type CaptureTime, timestampReader } from "./timestamp-resolution.ts";

export const SECTION_HEADER_BLOCK = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION_BLOCK = 1;
const OBSOLETE_PACKET_BLOCK = 2;
const SIMPLE_PACKET_BLOCK = 3;
const ENHANCED_PACKET_BLOCK = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
/** Type and length before the body; the length once more after it. */
const BODY = 8;
const FRAMING = 12;
const INTERFACES_MAX = 65_536;

interface Interface {
  readonly linkType: number;
  /** Bytes kept of each packet at most; 0 means all. */
  readonly snapLength: number;
  readonly readTime: (high: number, low: number, into: CaptureTime) => void;
}

export class PcapngParser implements CaptureParser {
  readonly format = "pcapng";
  readonly #name: string;
  #littleEndian = true;
  #inSection = false;
  #interfaces: Interface[] = [];
  // Interfaces of earlier sections, so that an interface has one number in the whole file.
  #interfacesBefore = 0;
  #frames = 0;
  #unsupported = 0;
  readonly #packet = new PacketSlot();
  #unsupportedLinkType = 0;
  #timeless = 0;
  #understated = 0;
  readonly #time: CaptureTime = { timeUs: 0, nanos: 0 };

  constructor(name: string) {
    this.#name = name;
  }

  get delivered(): number {
    return this.#frames - this.#unsupported;
  }

  parse(queue: ByteQueue, take: TakePacket): void {
    while (queue.has(FRAMING)) {
      const at = queue.position;
      const isSection = queue.view.getUint32(at, true) === SECTION_HEADER_BLOCK;
      if (isSection) this.#littleEndian = this.#sectionByteOrder(queue);
      else if (!this.#inSection) throw this.#damaged(queue, "a block comes before any section");
      const length = queue.view.getUint32(at + 4, this.#littleEndian);
      if (length < FRAMING || length % 4 !== 0 || length > RECORD_BYTES_MAX) {
        throw this.#damaged(queue, `a block claims ${length} bytes`);
      }
      if (!queue.has(length)) return;
      this.#readBlock(queue, length, take);
      queue.skip(length);
    }
  }

  end(queue: ByteQueue): readonly CaptureNote[] {
    if (!this.#inSection)
      throw cutShort(this.#name, queue.offset + queue.available, "the section header");
    if (queue.available > 0 && this.#frames === 0) {
      throw cutShort(this.#name, queue.offset, "a block");
    }
    if (this.#unsupported > 0 && this.#unsupported === this.#frames) {
      throw unsupportedLinkType(this.#name, this.#unsupportedLinkType);
    }
    const notes: CaptureNote[] = [...understatedNotes(this.#understated)];
    if (queue.available > 0) notes.push(truncatedNote(this.#name, queue.offset, this.#frames));
    if (this.#unsupported > 0) {
      notes.push({
        code: "unsupported-interface",
        count: this.#unsupported,
        message: `${plural(this.#unsupported, "packet")} of interfaces with link type ${this.#unsupportedLinkType} ${this.#unsupported === 1 ? "was" : "were"} not read`,
      });
    }
    if (this.#timeless > 0) {
      notes.push({
        code: "no-time",
        count: this.#timeless,
        message: `${plural(this.#timeless, "packet")} (simple packet blocks) ${this.#timeless === 1 ? "has" : "have"} no time in the capture and took that of the packet before: what follows from times is not to be relied on`,
      });
    }
    return notes;
  }

  #readBlock(queue: ByteQueue, length: number, take: TakePacket): void {
    const { view, position: at } = queue;
    const again = view.getUint32(at + length - 4, this.#littleEndian);
    if (again !== length) {
      throw this.#damaged(queue, `a block of ${length} bytes ends with the length ${again}`);
    }
    const type = view.getUint32(at, this.#littleEndian);
    switch (type) {
      case SECTION_HEADER_BLOCK:
        this.#readSection(queue, length);
        return;
      case INTERFACE_DESCRIPTION_BLOCK:
        this.#readInterface(queue, length);
        return;
      case ENHANCED_PACKET_BLOCK:
        this.#readPacket(queue, length, view.getUint32(at + BODY, this.#littleEndian), take);
        return;
      case OBSOLETE_PACKET_BLOCK:
        this.#readPacket(queue, length, view.getUint16(at + BODY, this.#littleEndian), take);
        return;
      case SIMPLE_PACKET_BLOCK:
        this.#readSimplePacket(queue, length, take);
        return;
      default:
        // Name resolution, statistics, secrets, custom blocks: nothing that the rules need.
        return;
    }
  }

  #sectionByteOrder(queue: ByteQueue): boolean {
    const at = queue.position + BODY;
    if (queue.view.getUint32(at, true) === BYTE_ORDER_MAGIC) return true;
    if (queue.view.getUint32(at, false) === BYTE_ORDER_MAGIC) return false;
    throw this.#damaged(queue, "a section header has no byte-order magic");
  }

  #readSection(queue: ByteQueue, length: number): void {
    this.#needs(queue, length, 28);
    const { view, position: at } = queue;
    const major = view.getUint16(at + BODY + 4, this.#littleEndian);
    const minor = view.getUint16(at + BODY + 6, this.#littleEndian);
    if (major !== 1) throw unsupportedVersion(this.#name, queue.offset, `${major}.${minor}`);
    this.#interfacesBefore += this.#interfaces.length;
    this.#interfaces = [];
    this.#inSection = true;
  }

  #readInterface(queue: ByteQueue, length: number): void {
    this.#needs(queue, length, 20);
    if (this.#interfaces.length >= INTERFACES_MAX) {
      throw this.#damaged(queue, `more than ${INTERFACES_MAX} interfaces`);
    }
    const { view, position: at } = queue;
    let resolution = 6;
    let offsetSeconds = 0;
    const end = at + length - 4;
    let option = at + BODY + 8;
    while (option + 4 <= end) {
      const code = view.getUint16(option, this.#littleEndian);
      const size = view.getUint16(option + 2, this.#littleEndian);
      if (code === OPTION_END) break;
      if (option + 4 + size > end) {
        throw this.#damaged(queue, `an option of an interface claims ${size} bytes`);
      }
      if (code === OPTION_TSRESOL && size >= 1) resolution = view.getUint8(option + 4);
      if (code === OPTION_TSOFFSET && size >= 8) {
        offsetSeconds = Number(view.getBigInt64(option + 4, this.#littleEndian));
      }
      option += 4 + size + (-size & 3);
    }
    this.#interfaces.push({
      linkType: view.getUint16(at + BODY, this.#littleEndian),
      snapLength: view.getUint32(at + BODY + 4, this.#littleEndian),
      readTime: timestampReader(resolution, offsetSeconds),
    });
  }

  /** Enhanced and obsolete packet blocks differ in the interface field only. */
  #readPacket(queue: ByteQueue, length: number, interfaceIndex: number, take: TakePacket): void {
    this.#needs(queue, length, 32);
    const { view, position: at } = queue;
    const captured = view.getUint32(at + BODY + 12, this.#littleEndian);
    const original = view.getUint32(at + BODY + 16, this.#littleEndian);
    if (captured > length - 32) {
      throw this.#damaged(
        queue,
        `a packet claims ${captured} captured bytes of ${original} on the wire, in a block of ${length}`,
      );
    }
    if (captured > original) this.#understated += 1;
    const from = this.#interface(queue, interfaceIndex);
    const high = view.getUint32(at + BODY + 4, this.#littleEndian);
    const low = view.getUint32(at + BODY + 8, this.#littleEndian);
    from.readTime(high, low, this.#time);
    const onWire = Math.max(captured, original);
    this.#deliver(queue, BODY + 20, interfaceIndex, captured, onWire, take);
  }

  /** A simple packet block has neither interface nor time: interface 0, the time of the last one. */
  #readSimplePacket(queue: ByteQueue, length: number, take: TakePacket): void {
    this.#needs(queue, length, 16);
    const original = queue.view.getUint32(queue.position + BODY, this.#littleEndian);
    const { snapLength } = this.#interface(queue, 0);
    const captured = snapLength === 0 ? original : Math.min(original, snapLength);
    if (captured > length - 16) {
      throw this.#damaged(queue, `a packet claims ${captured} bytes in a block of ${length}`);
    }
    this.#timeless += 1;
    this.#deliver(queue, BODY + 4, 0, captured, original, take);
  }

  #deliver(
    queue: ByteQueue,
    dataAt: number,
    interfaceIndex: number,
    capturedLength: number,
    originalLength: number,
    take: TakePacket,
  ): void {
    this.#frames += 1;
    const { linkType } = this.#interface(queue, interfaceIndex);
    if (!SUPPORTED_LINK_TYPES.has(linkType)) {
      this.#unsupported += 1;
      this.#unsupportedLinkType = linkType;
      return;
    }
    const packet = this.#packet;
    packet.frame = this.#frames;
    packet.timeUs = this.#time.timeUs;
    packet.nanos = this.#time.nanos;
    packet.linkType = linkType;
    packet.interfaceId = this.#interfacesBefore + interfaceIndex;
    packet.capturedLength = capturedLength;
    packet.originalLength = originalLength;
    packet.bytes = queue.bytes;
    packet.view = queue.view;
    packet.start = queue.position + dataAt;
    take(packet);
  }

  #interface(queue: ByteQueue, index: number): Interface {
    const found = this.#interfaces[index];
    if (!found) throw this.#damaged(queue, `a packet names interface ${index}, which is not there`);
    return found;
  }

  #needs(queue: ByteQueue, length: number, least: number): void {
    if (length < least) throw this.#damaged(queue, `a block of ${length} bytes needs ${least}`);
  }

  #damaged(queue: ByteQueue, what: string): Error {
    return badLength(this.#name, queue.offset, this.#frames, what);
  }
}
