/** What a SYN-ACK that does not acknowledge the SYN acknowledges instead. */
import { serialAdd, serialDistance } from "../core/serial.ts";
import type { AnsweredAttempt } from "../tracking/capture-events.ts";

/** A peer that counts each repetition of the SYN is off by as many. */
const MISCOUNTED_MAX = 16;

/** It is the SYN's own number, but for a few: by chance once in 130 million. */
export function isMiscounted({ attempt, answer }: AnsweredAttempt): boolean {
  return Math.abs(serialDistance(attempt.client.next, answer.acknowledgement)) <= MISCOUNTED_MAX;
}

/** It acknowledges the client's own attempt or connection before this one, on the same 4-tuple. */
export function isForEarlierSyn({ answer, previous, earlierIsn }: AnsweredAttempt): boolean {
  const { acknowledgement } = answer;
  if (earlierIsn !== undefined && acknowledgement === serialAdd(earlierIsn, 1)) return true;
  const previousIsn = previous?.client.isn;
  return previousIsn !== undefined && acknowledgement === serialAdd(previousIsn, 1);
}
