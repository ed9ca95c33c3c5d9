/** An attempt at a connection, before it stands: SYNs, their repetition, and resets. */

import type { Segment } from "../capture/segment.ts";
import { serialForward } from "../core/serial.ts";
import type { Moment } from "./capture-events.ts";
import type { Incarnation, OddAnswer } from "./flow.ts";
import { learnTimestamp, learnWindow } from "./half-learning.ts";

/** A SYN with the same number is a repetition if it comes within this, or 7 × the last wait. */
const SYN_INTERVAL_MAX_US = 10_000_000;
const SYN_INTERVAL_FACTOR = 7;

/** A packet of either side was seen. */
export function heard(incarnation: Incarnation, frame: number, timeUs: number): void {
  const silenceUs = timeUs - incarnation.lastUs;
  if (silenceUs > incarnation.longestSilenceUs) {
    incarnation.longestSilenceUs = silenceUs;
    incarnation.longestSilenceFrame = frame;
  }
  incarnation.lastUs = timeUs;
  incarnation.lastFrame = frame;
}

export function countSyn(
  attempt: Incarnation,
  segment: Segment,
  frame: number,
  timeUs: number,
): void {
  attempt.syns += 1;
  attempt.synUs = timeUs;
  attempt.synFrame = frame;
  attempt.client.packets += 1;
  if (segment.hasTimestamps) attempt.synTsval ??= segment.tsval;
  learnWindow(attempt.client, segment);
  learnTimestamp(attempt.client, segment);
}

/**
 * The same number, before the connection stood, and within the wait that backing off explains. Whatever
 * answered it, a RST or nothing: it left nothing at the server (RFC 9293 §3.10.7.1), so it is one attempt.
 */
export function isRepeatedSyn(attempt: Incarnation, segment: Segment, timeUs: number): boolean {
  if (!attempt.sawSyn || attempt.client.isn !== segment.sequence) return false;
  if (attempt.connected || attempt.handshakeFrame > 0 || attempt.dataSeen) return false;
  const waitMaxUs = Math.max(SYN_INTERVAL_MAX_US, attempt.synIntervalUs * SYN_INTERVAL_FACTOR);
  return timeUs - attempt.synUs <= waitMaxUs;
}

/**
 * A RST before the connection stands. Of the server's only one that acknowledges the SYN counts, any
 * other is dropped by the client; the client's, with the number of a challenge ACK, clears the old
 * connection at the server and the attempt goes on (RFC 9293 §3.10.7.3).
 */
export function noteReset(
  attempt: Incarnation,
  segment: Segment,
  fromClient: boolean,
  fits: boolean,
  at: Moment,
): void {
  if (fromClient) {
    const { challenge } = attempt;
    if (challenge && segment.sequence === challenge.acknowledgement) {
      attempt.rescueFrame ||= at.frame;
      attempt.rescuePending = true;
    }
    return;
  }
  if (!fits) {
    attempt.wrongResets += 1;
    attempt.wrongReset ??= oddAnswer(segment, attempt, at);
    return;
  }
  attempt.refusals += 1;
  attempt.refusedFrame ||= at.frame;
  attempt.refusedUs ||= at.timeUs;
  attempt.resetBy ??= "server";
  attempt.resetFrame ||= at.frame;
  attempt.resetUs ||= at.timeUs;
}

/** What an answer of something else carries. */
export function oddAnswer(segment: Segment, { synUs }: Incarnation, at: Moment): OddAnswer {
  const { sequence, acknowledgement } = segment;
  const tsecr = segment.hasTimestamps ? segment.tsecr : undefined;
  return { sequence, acknowledgement, tsecr, frame: at.frame, timeUs: at.timeUs, synUs };
}

/** The number lies after the ISN, and in what the SYN and its data have used (RFC 9293 §3.10.7.3). */
export function acknowledgesSyn({ client }: Incarnation, acknowledgement: number): boolean {
  const isn = client.isn ?? 0;
  const used = serialForward(isn, client.next);
  const acknowledged = serialForward(isn, acknowledgement);
  return acknowledged >= 1 && acknowledged <= used;
}
