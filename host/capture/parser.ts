/** What both capture formats have in common for the reader. */
import { plural } from "../core/plural.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { CaptureNote, TakePacket } from "./packet.ts";

export interface CaptureParser {
  readonly format: "pcap" | "pcapng";
  /** Packets that were handed out so far. */
  readonly delivered: number;
  /** Hands out all whole packets of the queue. Throws UsageError where the capture is damaged. */
  parse(queue: ByteQueue, take: TakePacket): void;
  /** The stream has ended. Throws UsageError if not one packet could be read for damage. */
  end(queue: ByteQueue): readonly CaptureNote[];
}

/** The capture ends within a packet or block; `frames` whole packets came before. */
export function truncatedNote(name: string, offset: number, frames: number): CaptureNote {
  return {
    code: "truncated",
    count: 1,
    message: `${name} is cut short at byte ${offset}, after ${plural(frames, "whole packet")}: what followed is lost`,
  };
}

export function understatedNotes(count: number): CaptureNote[] {
  if (count === 0) return [];
  const claims = count === 1 ? "claims" : "claim";
  const message = `${plural(count, "packet")} ${claims} fewer bytes on the wire than were captured: the captured ones count`;
  return [{ code: "wire-length-understated", count, message }];
}
