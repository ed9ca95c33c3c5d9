/** Attempts that nothing answers, and which of them something on the way must have dropped. */
import { serialDistance } from "../core/serial.ts";
import type { CaptureEvents } from "../tracking/capture-events.ts";

export type FailedAttempt = Parameters<CaptureEvents["failed"]>[0];

const SYNS_MIN = 2;
const WAIT_MIN_US = 2_500_000;

/** For how long SYNs were sent without any answer; undefined if there was one, or it is too soon to tell. */
export function silenceOf({ attempt, captureEnded }: FailedAttempt): number | undefined {
  if (!attempt.sawSyn || attempt.syns < SYNS_MIN) return undefined;
  const { challenges, wrongAcks, refusals, wrongResets, strayAnswers } = attempt;
  if (challenges + wrongAcks + refusals + wrongResets + strayAnswers > 0) return undefined;
  const waitedUs = attempt.synUs - attempt.openedUs;
  return captureEnded && waitedUs < WAIT_MIN_US ? undefined : waitedUs;
}

/**
 * The tuple was in use a moment before, and by no rule of TCP the server may drop this SYN: its ISN is
 * ahead, or the client closed first, so that TIME_WAIT is at the client. What still knows the tuple then
 * is an entry of a firewall, a NAT or a connection tracker.
 */
export function isDroppedOnTheWay({ attempt, previous }: FailedAttempt, twoMslUs: number): boolean {
  if (!previous?.bothFins || previous.resetBy !== undefined) return false;
  if (attempt.openedUs - previous.lastUs >= twoMslUs) return false;
  const isAhead = serialDistance(previous.client.next, attempt.client.isn ?? 0) > 0;
  return isAhead || previous.closedFirst === "client";
}
