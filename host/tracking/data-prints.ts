/**
 * Prints of data segments, to recognise a late copy of a segment of an earlier incarnation: two
 * 32-bit numbers over sequence, acknowledgement, length and TCP checksum.
 */
import type { Segment } from "../capture/segment.ts";
import { serialForward } from "../core/serial.ts";
import type { DataPrint, Half, StaleCopy } from "./half.ts";

/** Remembers the first and the last data segment of a side. */
export function rememberPrint(half: Half, segment: Segment, checksum: number, frame: number): void {
  const print = printOf(segment);
  const check = checkOf(segment, checksum);
  if (half.firstFrame === 0) {
    half.firstPrint = print;
    half.firstCheck = check;
    half.firstFrame = frame;
    return;
  }
  half.lastPrint = print;
  half.lastCheck = check;
  half.lastFrame = frame;
}

/** Frame of the old incarnation's segment that this one is a copy of, bit for bit; 0: none. */
export function findStaleCopy(old: Half, segment: Segment, checksum: number): number {
  if (old.firstFrame === 0) return 0;
  const print = printOf(segment);
  const check = checkOf(segment, checksum);
  if (old.firstPrint === print && old.firstCheck === check) return old.firstFrame;
  return old.lastPrint === print && old.lastCheck === check ? old.lastFrame : 0;
}

/** The sender itself uses the numbers of the copy for other bytes: it did not send the copy now. */
export function isStaleOverwritten(copy: StaleCopy, segment: Segment, checksum: number): boolean {
  const { sequence, length, checksum: copied } = copy.print;
  if (serialForward(sequence, segment.sequence) >= length) return false;
  return segment.payloadLength !== length || checksum !== copied || segment.sequence !== sequence;
}

export function dataPrint(segment: Segment, checksum: number, frame: number): DataPrint {
  const { sequence, payloadLength: length, acknowledgement } = segment;
  return { sequence, length, acknowledgement, checksum, frame };
}

function printOf({ sequence, acknowledgement }: Segment): number {
  return (sequence ^ Math.imul(acknowledgement, 0x9e3779b1)) | 0;
}

function checkOf({ payloadLength }: Segment, checksum: number): number {
  return (checksum << 16) | (payloadLength & 0xffff);
}
