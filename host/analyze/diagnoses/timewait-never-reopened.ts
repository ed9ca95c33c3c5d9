/** timewait-never-reopened: a server in TIME_WAIT refuses a SYN that is good, and obeys no RST. */
import type { Attempt } from "../../tracking/capture-events.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, heldWords, numbersOf, refusalOf } from "../refusals.ts";
import { absolute, connectionFilter, connectionOf, plural, serverOf } from "../wording.ts";

export const timewaitNeverReopened: Diagnosis = {
  id: "timewait-never-reopened",
  severity: "fault",
  title: "the server is in TIME_WAIT and never reopens it, however good the SYN is",
  explanation:
    "The server closed first and keeps the 4-tuple in TIME_WAIT. It may open it anew for a SYN with a larger number or timestamp, and most servers do; lwIP as a server does not, answers with the old ACK until 2 × MSL are over (120 s), and does not let a RST end it either. The client can do nothing but take another port or wait.",
  clause: "RFC 9293 §3.10.7.4 (SYN in TIME-WAIT), RFC 6191 §2, RFC 1337 §3",
  remedy:
    "at the server: reopen TIME_WAIT for a SYN that is ahead, shorten the MSL (TCP_MSL in lwIP), or let the client close first; at the client: take another port",
  start(report, context) {
    const judge = ({ flow, attempt, previous }: Pick<Attempt, "flow" | "attempt" | "previous">) => {
      const { challenge: answer, vainRescues, rescueFrame } = attempt;
      if (!answer) return;
      const event = { attempt, previous, answer };
      const refusal = refusalOf(event, context.hasLosses());
      if (refusal.cause !== "timewait-never-reopened") return;
      const { held, isTimeWait } = refusal;
      // A connection that stands does not survive a RST with exactly the number that is due.
      const isShown = isTimeWait && vainRescues > 0;
      const resets =
        vainRescues > 0
          ? ` ${plural(vainRescues, "RST")} with exactly that number did not clear it, which a connection that stands would not survive.`
          : "";
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: isShown ? "certain" : refusal.confidence,
        blames: flow.serverAddress(),
        summary: `${serverOf(flow)} refuses ${connectionOf(flow)} out of TIME_WAIT although the ISN ${absolute(refusal.isn)} is ahead: it acknowledges ${absolute(refusal.expected)} again`,
        detail: `${heldWords(refusal)} ${answerWords(refusal)}${resets}`,
        frames: [
          ...(held ? [held.lastFrame] : []),
          attempt.openedFrame,
          answer.frame,
          ...(rescueFrame > 0 ? [rescueFrame] : []),
        ],
        timeUs: attempt.openedUs,
        numbers: numbersOf(refusal, event),
        distance: refusal.distance,
        ...(held ? { elapsedUs: attempt.openedUs - held.lastUs } : {}),
        connection: connectionOf(flow),
        host: flow.serverAddress(),
        filter: connectionFilter(flow),
        ...(isShown || refusal.settle === undefined ? {} : { settle: refusal.settle }),
      });
    };
    return { failed: judge, connected: judge };
  },
};
