/** What the segments of one side teach beside its sequence numbers: windows and timestamps. */
import { type Segment, SYN } from "../capture/segment.ts";
import { serialAfter } from "../core/serial.ts";
import type { Half } from "./half.ts";

/** Windows of SYNs are not scaled; later ones are (RFC 7323 §2.2). */
export function learnWindow(half: Half, segment: Segment): void {
  if ((segment.flags & SYN) === 0) {
    half.window = segment.window << half.windowShift;
    return;
  }
  half.window = segment.window;
  if (segment.windowScale >= 0) half.windowShift = Math.min(segment.windowScale, 14);
}

export function learnTimestamp(half: Half, segment: Segment): void {
  if (!segment.hasTimestamps) return;
  if (!half.hasTsval || serialAfter(segment.tsval, half.tsval)) half.tsval = segment.tsval;
  half.hasTsval = true;
}
