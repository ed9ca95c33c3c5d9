/**
 * Writes pcapng (draft-ietf-opsawg-pcapng): one section, little-endian. Each function returns the
 * bytes of whole blocks; writing them somewhere is the caller's business.
 */
import { SECTION_HEADER_BLOCK } from "./pcapng.ts";

export interface RecordedInterface {
  /** LINKTYPE_ number, 0 … 65535. */
  readonly linkType: number;
  /** Bytes kept of each packet at most; 0 (the default) keeps all. */
  readonly snapLength?: number;
}

export interface RecordedPacket {
  /** Whole microseconds since 1970, at least 0. */
  readonly timeUs: number;
  /** 0 … 999 ns on top. */
  readonly nanos?: number;
  readonly data: Uint8Array;
  /** Length on the wire if `data` is only its beginning. */
  readonly originalLength?: number;
  /** Index of the interface in the list given to `pcapngHeader`. */
  readonly interfaceId?: number;
}

/** Section header and interfaces (times in nanoseconds); comes first and once. */
export function pcapngHeader(interfaces: readonly RecordedInterface[]): Uint8Array {
  const section = block(SECTION_HEADER_BLOCK, 16, (view, at) => {
    view.setUint32(at, 0x1a2b3c4d, true);
    view.setUint16(at + 4, 1, true);
    // −1: the length of the section is not known beforehand.
    view.setBigInt64(at + 8, -1n, true);
  });
  const descriptions = interfaces.map(({ linkType, snapLength = 0 }) =>
    block(1, 20, (view, at) => {
      view.setUint16(at, linkType, true);
      view.setUint32(at + 4, snapLength, true);
      // if_tsresol = 9 (nanoseconds), padded to 4 bytes, then the end of the options.
      view.setUint16(at + 8, 9, true);
      view.setUint16(at + 10, 1, true);
      view.setUint8(at + 12, 9);
    }),
  );
  return Buffer.concat([section, ...descriptions]);
}

/** One enhanced packet block. Throws RangeError if the time or a length cannot be written. */
export function pcapngPacket(packet: RecordedPacket): Uint8Array {
  const { data, timeUs, nanos = 0, interfaceId = 0, originalLength = data.length } = packet;
  if (!Number.isSafeInteger(timeUs) || timeUs < 0 || nanos < 0 || nanos > 999) {
    throw new RangeError(`a packet time of ${timeUs} µs and ${nanos} ns cannot be recorded`);
  }
  if (originalLength < data.length) {
    throw new RangeError(`${data.length} bytes are more than the ${originalLength} on the wire`);
  }
  const units = BigInt(timeUs) * 1000n + BigInt(nanos);
  return block(6, 20 + data.length + (-data.length & 3), (view, at, bytes) => {
    view.setUint32(at, interfaceId, true);
    view.setUint32(at + 4, Number(units >> 32n), true);
    view.setUint32(at + 8, Number(units & 0xffff_ffffn), true);
    view.setUint32(at + 12, data.length, true);
    view.setUint32(at + 16, originalLength, true);
    bytes.set(data, at + 20);
  });
}

function block(
  type: number,
  bodyLength: number,
  fill: (view: DataView, bodyAt: number, bytes: Uint8Array) => void,
): Uint8Array {
  const bytes = new Uint8Array(bodyLength + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  fill(view, 8, bytes);
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}
