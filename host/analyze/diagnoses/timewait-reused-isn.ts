/** timewait-reused-isn: the new SYN carries a number that the last connection has used. */
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, heldWords, refusalJudge, stateWords } from "../refusals.ts";
import { absolute } from "../wording.ts";

export const timewaitReusedIsn: Diagnosis = {
  id: "timewait-reused-isn",
  severity: "fault",
  title: "the server still holds the old connection, and the new ISN was used in it",
  explanation:
    "The side that closes first keeps the 4-tuple in TIME_WAIT (Linux 60 s, by the RFC 4 minutes) and opens it anew only for a SYN whose number lies beyond all that the old connection used. A device that restarts with the same ISN and the same port is answered with a plain ACK until TIME_WAIT ends; the first run works, each restart within a minute or two fails.",
  clause: "RFC 9293 §3.10.7.4, RFC 6191 §2",
  remedy:
    "make the ISN go forward across restarts (a clock with a persisted ceiling plus a keyed hash of the 4-tuple), and take a port that was not used before; as first aid answer the plain ACK with RST and send the SYN again",
  start: (report, context) =>
    refusalJudge("timewait-reused-isn", report, context, {
      summary: (refusal, { server, connection }) =>
        `${server} ${stateWords(refusal)} and refuses ${connection}: ISN ${absolute(refusal.isn)} was used by the last connection, the server expects more than ${absolute(refusal.expected)}`,
      detail: (refusal) => `${heldWords(refusal)} ${answerWords(refusal)}`,
    }),
};
