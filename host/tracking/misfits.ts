/**
 * Numbers that do not fit their connection: far from what is due, and off by a few bits only, so
 * that something on the way changed them.
 */

import { tcpChecksum, tcpChecksumFits } from "../capture/checksum.ts";
import type { Packet } from "../capture/packet.ts";
import { ACK, type Segment } from "../capture/segment.ts";
import { serialAdd, serialDistance } from "../core/serial.ts";
import type { Half, Misfit } from "./half.ts";

/** A number nearer than this to the one that is due is a loss, a repetition or a keep-alive. */
const NEAR_MIN = 2 ** 20;
/**
 * Bits that may differ. A random 32-bit number is within 6 bits of a given one with a chance of
 * 0.03 %, so a misfit that also goes away with the next segment is no accident.
 */
const FLIPPED_BITS_MAX = 6;

export interface NumberVerdict {
  /** The segment may be taken into account. */
  readonly fits: boolean;
  /** A misfit before it that is now explained: the numbers have returned. */
  readonly settled: Misfit | undefined;
}

const FITS: NumberVerdict = { fits: true, settled: undefined };
const WAITS: NumberVerdict = { fits: false, settled: undefined };

/** Judges the numbers of a segment that `half` sent; `half.sent` must hold. */
export function checkNumbers(
  half: Half,
  other: Half,
  segment: Segment,
  packet: Packet,
  timeUs: number,
): NumberVerdict {
  const { sequence, acknowledgement } = segment;
  const sequenceNear = isNear(half.next, sequence, other.window);
  const hasAck = (segment.flags & ACK) !== 0 && other.sent;
  const ackNear = !hasAck || isNear(other.next, acknowledgement, half.window);
  const pending = half.misfit;
  if (sequenceNear && ackNear) {
    if (!pending) return FITS;
    half.misfit = undefined;
    return { fits: true, settled: isFlip(pending) ? pending : undefined };
  }
  if (!sequenceNear) {
    if (other.hasAcked && sequence === other.acked) {
      // The other end's own word: it is the account that was wrong, not the packet.
      half.misfit = undefined;
      half.next = sequence;
      return FITS;
    }
    if (pending?.field === "sequence" && isNear(pending.seen, sequence, other.window)) {
      // It goes on from there: packets in between are missing from the capture, nothing was changed.
      half.misfit = undefined;
      half.next = sequence;
      half.gaps += 1;
      return FITS;
    }
    const due = nearestInBits(sequence, half.next, serialAdd(half.next, -1), other.acked);
    half.misfit = misfitOf("sequence", sequence, due, segment, packet, timeUs);
    return WAITS;
  }
  if (pending?.field === "acknowledgement") {
    if (isNear(pending.seen, acknowledgement, half.window)) {
      half.misfit = undefined;
      other.next = acknowledgement;
      return FITS;
    }
  }
  const due = nearestInBits(acknowledgement, other.next, half.acked, other.next);
  half.misfit = misfitOf("acknowledgement", acknowledgement, due, segment, packet, timeUs);
  return WAITS;
}

/** Few bits differ from the number that was due, and one at least. */
function isFlip(misfit: Misfit): boolean {
  const bits = flippedBits(misfit.seen, misfit.due);
  return bits > 0 && bits <= FLIPPED_BITS_MAX;
}

export function flippedBits(a: number, b: number): number {
  let bits = (a ^ b) >>> 0;
  let count = 0;
  for (; bits !== 0; bits = (bits & (bits - 1)) >>> 0) count += 1;
  return count;
}

function isNear(due: number, seen: number, window: number): boolean {
  return Math.abs(serialDistance(due, seen)) <= Math.max(NEAR_MIN, 2 * window);
}

function nearestInBits(seen: number, ...candidates: readonly [number, ...number[]]): number {
  return candidates.reduce((best, one) =>
    flippedBits(seen, one) < flippedBits(seen, best) ? one : best,
  );
}

function misfitOf(
  field: Misfit["field"],
  seen: number,
  due: number,
  segment: Segment,
  packet: Packet,
  timeUs: number,
): Misfit {
  const hopsAt = segment.networkAt + (segment.family === 4 ? 8 : 7);
  return {
    field,
    seen,
    due,
    frame: packet.frame,
    timeUs,
    checksum: tcpChecksum(packet, segment),
    checksumFitsDue: tcpChecksumFits(packet, segment, seen, due),
    timeToLive: packet.bytes[hopsAt] ?? 0,
    length: segment.payloadLength,
  };
}
