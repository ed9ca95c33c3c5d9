/** RSTs of a connection that stands: which of them count, and who goes on all the same (RFC 5961 §3.2). */
import { ACK, PSH, type Segment } from "../capture/segment.ts";
import type { Moment } from "./capture-events.ts";
import type { Incarnation, Side } from "./flow.ts";

/** What was on its way when the RST came has arrived by then. */
const ON_THE_WAY_MAX_US = 1_000_000;
const PACKETS_AFTER_MIN = 3;

export function noteStandingReset(
  incarnation: Incarnation,
  segment: Segment,
  fromClient: boolean,
  { frame, timeUs }: Moment,
): void {
  if (!isExact(incarnation, segment, fromClient)) {
    incarnation.doubtfulResets += 1;
    incarnation.doubtfulFrame ||= frame;
    incarnation.doubtfulUs ||= timeUs;
    incarnation.doubtfulSequence = segment.sequence;
    incarnation.doubtPending = true;
  }
  if (incarnation.resetBy !== undefined) return;
  incarnation.resetBy = fromClient ? "client" : "server";
  incarnation.resetFrame = frame;
  incarnation.resetUs = timeUs;
}

/**
 * A packet of a connection after a RST. `answers`: an ACK that challenges a RST of doubtful number, and is
 * no part of the account; `ignores`: it goes on after a RST that it had to obey, told once.
 */
export function goOnAfterReset(
  incarnation: Incarnation,
  segment: Segment,
  sender: Side,
  timeUs: number,
): "answers" | "ignores" | undefined {
  const { resetBy } = incarnation;
  if (resetBy === sender) return undefined;
  if (incarnation.doubtPending) {
    incarnation.doubtPending = false;
    incarnation.resetBy = undefined;
    incarnation.resetFrame = 0;
    incarnation.resetUs = 0;
    const isPure = (segment.flags & ~PSH) === ACK && segment.payloadLength === 0;
    if (!isPure) return undefined;
    incarnation.resetAnswers += 1;
    return "answers";
  }
  if (resetBy === undefined) return undefined;
  incarnation.afterReset += 1;
  const isLate = timeUs - incarnation.resetUs >= ON_THE_WAY_MAX_US;
  // Told at the first packet for which both hold.
  if (!isLate || incarnation.afterReset < PACKETS_AFTER_MIN || incarnation.resetIgnored) {
    return undefined;
  }
  incarnation.resetIgnored = true;
  return "ignores";
}

/** The number that the other side expects next, by what its ACKs and the sender's own packets say. */
function isExact(
  { client, server }: Incarnation,
  { sequence }: Segment,
  fromClient: boolean,
): boolean {
  const [half, other] = fromClient ? [client, server] : [server, client];
  if (!half.sent && !other.hasAcked) return true;
  return (half.sent && sequence === half.next) || (other.hasAcked && sequence === other.acked);
}
