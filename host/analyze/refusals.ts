/**
 * Why a server answers a SYN with a plain ACK of something else: it still holds the last connection
 * of the 4-tuple, in TIME_WAIT (RFC 9293 §3.10.7.4, RFC 6191) or half-open (RFC 5961 §4).
 */

import { serialDistance, serialForward } from "../core/serial.ts";
import type { AnsweredAttempt } from "../tracking/capture-events.ts";
import type { Incarnation } from "../tracking/flow.ts";
import type {
  CaptureContext,
  Confidence,
  DiagnosisId,
  DiagnosisJudge,
  NumberEvidence,
  Report,
} from "./diagnosis.ts";
import { absolute, connectionFilter, connectionOf, serverOf, signed } from "./wording.ts";

export type RefusalCause = Extract<
  DiagnosisId,
  | "timewait-never-reopened"
  | "timewait-reused-isn"
  | "timewait-isn-too-far"
  | "timewait-isn-behind"
  | "timewait-timestamp-behind"
  | "halfopen-challenge-ack"
>;

export interface Refusal {
  readonly cause: RefusalCause;
  readonly confidence: Confidence;
  /** The number that the server expects next, by its own word: the plain ACK. */
  readonly expected: number;
  readonly isn: number;
  /** Signed distance from `expected` to `isn` mod 2^32, and the same going forward. */
  readonly distance: number;
  readonly forward: number;
  /** The connection that the server still holds, if the capture has it. */
  readonly held: Incarnation | undefined;
  /**
   * The server is in TIME_WAIT: it closed first, both FINs were seen, it expects exactly the number after
   * the client's FIN, and less than 2 × MSL have gone by.
   */
  readonly isTimeWait: boolean;
  /** Instead of the rule's severity: nothing of an old connection is shown. */
  readonly severity: "information" | undefined;
  readonly tsvalBefore: number | undefined;
  /** TSval of the new SYN. */
  readonly tsval: number | undefined;
  readonly settle: string | undefined;
}

const HALF = 2 ** 31;
/** Nearer to 2^31 than to 2^32: rather too far ahead than behind (it is the same mod 2^32). */
const TOO_FAR_MAX = 3 * 2 ** 30;
/** An ISN this close below what is expected is the old ISN, if the old connection was not seen. */
const SHORT_CONNECTION_BYTES = 65_536;
const NEAR = 2 ** 20;
/** 2 × MSL of the RFC, longer than any server holds TIME_WAIT. */
const TIME_WAIT_MAX_US = 240_000_000;

const OLD_UNSEEN =
  "the connection that the server still holds is not in the capture; one that starts earlier shows its last numbers and who closed it";

/** What the plain ACK that answers an attempt tells. */
export type RefusedAttempt = Pick<AnsweredAttempt, "attempt" | "previous" | "answer">;

export function refusalOf(
  { attempt, previous, answer }: RefusedAttempt,
  hasLosses: boolean,
): Refusal {
  const expected = answer.acknowledgement;
  const isn = attempt.client.isn ?? 0;
  const held = previous && isHeld(previous, expected) ? previous : undefined;
  const tsvalBefore = held?.client.hasTsval ? held.client.tsval : answer.tsecr;
  const common = {
    expected,
    isn,
    distance: serialDistance(expected, isn),
    forward: serialForward(expected, isn),
    held,
    isTimeWait: held !== undefined && isInTimeWait(held, attempt, expected),
    tsvalBefore,
    tsval: attempt.synTsval,
    severity: undefined,
  };
  return { ...common, ...causeOf(attempt, common, hasLosses) };
}

/** It is not in TIME_WAIT after a reset, nor where the client closed first. */
function isInTimeWait(held: Incarnation, attempt: Incarnation, expected: number): boolean {
  if (!held.bothFins || held.resetBy !== undefined || held.closedFirst !== "server") return false;
  return expected === held.client.next && attempt.openedUs - held.lastUs < TIME_WAIT_MAX_US;
}

type Cause = Pick<Refusal, "cause" | "confidence" | "settle"> & {
  readonly severity?: "information";
};

/** An ACK just ahead of the ISN may acknowledge data of a connection whose SYN-ACK is missing. */
function isMaybeOwn({ forward }: Pick<Refusal, "forward">): boolean {
  return 2 ** 32 - forward <= NEAR;
}

function causeOf(
  attempt: Incarnation,
  refusal: Pick<Refusal, "held" | "forward" | "tsvalBefore" | "isTimeWait" | "expected">,
  hasLosses: boolean,
): Cause {
  const { forward, tsvalBefore, isTimeWait, expected } = refusal;
  // What the capture has lost of it, its FINs perhaps, cannot be told: as if it had not been seen.
  const isWhole = refusal.held !== undefined && isWholeUpTo(refusal.held, expected);
  const held = isWhole ? refusal.held : undefined;
  const settle = held ? undefined : OLD_UNSEEN;
  if (!held && forward === 0) return { ...NOTHING_SHOWN, severity: "information" };
  const isUnsure = !held && isMaybeOwn(refusal) && attempt.syns < 2 && attempt.rescueFrame === 0;
  const confidence = isTimeWait ? "certain" : isUnsure ? "possible" : "likely";
  if (held && !isTimeWait && !isClosedByServer(held)) {
    const isExact = !held.closed && expected === held.client.next && held.sawSyn;
    // A FIN may be among what was lost.
    const sure = hasLosses ? "possible" : isExact ? "certain" : "likely";
    return { cause: "halfopen-challenge-ack", confidence: sure, settle };
  }
  const { synTsval } = attempt;
  if (synTsval !== undefined && tsvalBefore !== undefined) {
    const step = serialDistance(tsvalBefore, synTsval);
    if (step < 0) return { cause: "timewait-timestamp-behind", confidence, settle };
    // A newer timestamp opens TIME_WAIT whatever the ISN: the old connection is not in it.
    if (step > 0 && !held) return { cause: "halfopen-challenge-ack", confidence, settle };
  }
  const oldIsn = held?.client.isn;
  const fromOld = oldIsn === undefined ? undefined : serialForward(oldIsn, attempt.client.isn ?? 0);
  const used = oldIsn === undefined ? 0 : serialForward(oldIsn, held?.client.next ?? oldIsn);
  const isUsed = fromOld !== undefined && fromOld < used;
  if (isUsed) return { cause: "timewait-reused-isn", confidence, settle };
  if (oldIsn === undefined && 2 ** 32 - forward <= SHORT_CONNECTION_BYTES) {
    const sure = confidence === "certain" ? "likely" : confidence;
    return { cause: "timewait-reused-isn", confidence: sure, settle: settle ?? OLD_UNSEEN };
  }
  if (forward > HALF && forward < TOO_FAR_MAX) {
    return { cause: "timewait-isn-too-far", confidence, settle };
  }
  if (forward > HALF || forward === 0) return { cause: "timewait-isn-behind", confidence, settle };
  if (!held) return { cause: "halfopen-challenge-ack", confidence: "possible", settle };
  // Both sides have closed, the server first, and the ISN is good.
  return {
    cause: "timewait-never-reopened",
    confidence: isTimeWait ? "likely" : "possible",
    settle: STRICT,
  };
}

const STRICT =
  "the server never reopens TIME_WAIT (lwIP does not), or its last ACK was lost; a capture at the server tells";

const NOTHING_SHOWN: Cause = {
  cause: "halfopen-challenge-ack",
  confidence: "possible",
  settle:
    "an ACK of the ISN itself says nothing of an old connection; a capture that starts earlier, and one at the server, show what it holds",
};

/** Both FINs were seen, the server's first, and no reset: what it holds then is TIME_WAIT. */
function isClosedByServer({ bothFins, resetBy, closedFirst }: Incarnation): boolean {
  return bothFins && resetBy === undefined && closedFirst === "server";
}

/** Its end is in the capture: what the server expects, and what the client has acknowledged, was seen. */
function isWholeUpTo({ client, server, closed, sawSyn }: Incarnation, expected: number): boolean {
  if (closed) return true;
  if (client.next !== expected || (!sawSyn && !server.sent)) return false;
  return !client.hasAcked || !server.sent || serialDistance(server.next, client.acked) <= 0;
}

/** The plain ACK speaks of the connection that was seen. */
function isHeld(previous: Incarnation, expected: number): boolean {
  const { client } = previous;
  return client.sent && Math.abs(serialDistance(client.next, expected)) < NEAR;
}

/** Whom the numbers concern, and what they are. */
export interface RefusalWords {
  readonly summary: (refusal: Refusal, who: { server: string; connection: string }) => string;
  readonly detail: (refusal: Refusal) => string;
}

/** The judge of one cause: reports each refused attempt, grouped by client and service. */
export function refusalJudge(
  cause: RefusalCause,
  report: Report,
  context: CaptureContext,
  words: RefusalWords,
): DiagnosisJudge {
  return {
    challenged(event) {
      const refusal = refusalOf(event, context.hasLosses());
      if (refusal.cause !== cause) return;
      const { flow, attempt, answer } = event;
      const { held, severity } = refusal;
      const who = { server: serverOf(flow), connection: connectionOf(flow) };
      report({
        group: `${flow.clientAddress()} ${who.server}`,
        ...(severity ? { severity } : { blames: flow.clientAddress() }),
        confidence: refusal.confidence,
        summary: words.summary(refusal, who),
        detail: words.detail(refusal),
        frames: [...(held ? [held.lastFrame] : []), attempt.openedFrame, answer.frame],
        timeUs: attempt.openedUs,
        numbers: numbersOf(refusal, event),
        distance: refusal.distance,
        ...(held ? { elapsedUs: attempt.openedUs - held.lastUs } : {}),
        connection: who.connection,
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
        ...(refusal.settle === undefined ? {} : { settle: refusal.settle }),
      });
    },
  };
}

export function numbersOf(refusal: Refusal, { attempt, answer }: RefusedAttempt): NumberEvidence[] {
  const { held, tsvalBefore, expected } = refusal;
  const numbers: NumberEvidence[] = [];
  if (held?.client.isn !== undefined) {
    numbers.push({ name: "last ISN", value: held.client.isn, frame: held.openedFrame });
  }
  numbers.push(
    { name: "server expects", value: expected, frame: answer.frame },
    { name: "new ISN", value: refusal.isn, frame: attempt.openedFrame },
    { name: "server's own next number", value: answer.sequence, frame: answer.frame },
  );
  if (attempt.synTsval !== undefined && tsvalBefore !== undefined) {
    numbers.push(
      { name: "last TSval", value: tsvalBefore },
      { name: "new TSval", value: attempt.synTsval, frame: attempt.openedFrame },
    );
  }
  return numbers;
}

/** What the server still holds: TIME_WAIT only where the packets show it. */
export function stateWords({ isTimeWait }: Refusal): string {
  return isTimeWait ? "is still in TIME_WAIT" : "still holds an old connection";
}

/** Who closed the old connection, and when: the first part of most details. */
export function heldWords({ held, isTimeWait }: Refusal): string {
  if (!held) {
    return "The plain ACK shows that the server still holds an older connection, which is not in the capture.";
  }
  const { closedFirst } = held;
  const fin = closedFirst === "server" ? held.server : held.client;
  const who =
    closedFirst === undefined
      ? ""
      : `, closed first by the ${closedFirst} in frame ${fin.finFrame}`;
  const shown = isTimeWait
    ? ": TIME_WAIT, as the server expects exactly the number after the client's FIN"
    : "";
  return `The last connection (frames ${held.openedFrame} to ${held.lastFrame}${who}) is still held by the server${shown}.`;
}

export function answerWords(refusal: Refusal): string {
  return `It answers the SYN with number ${absolute(refusal.isn)} by a plain ACK of ${absolute(refusal.expected)}, ${signed(refusal.distance)} from there to the ISN (mod 2^32).`;
}
