/** timewait-isn-too-far: the new ISN is more than 2^31 ahead, which counts as behind. */
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, heldWords, refusalJudge, stateWords } from "../refusals.ts";
import { absolute, grouped } from "../wording.ts";

export const timewaitIsnTooFar: Diagnosis = {
  id: "timewait-isn-too-far",
  severity: "fault",
  title: "the server still holds the old connection, and the new ISN is more than 2^31 ahead",
  explanation:
    "Sequence numbers are compared mod 2^32: a number more than 2^31 (2,147,483,648) ahead of another counts as older. A server in TIME_WAIT takes such a SYN for an old one and answers with a plain ACK. Random ISNs hit the wrong half every second time.",
  clause: "RFC 9293 §3.4, §3.10.7.4",
  remedy:
    "let the ISN follow a clock (4 µs ticks plus a keyed hash of the 4-tuple) that is persisted across restarts, so that it is ahead of the last connection by less than 2^31; a random ISN for each connection is not enough",
  start: (report, context) =>
    refusalJudge("timewait-isn-too-far", report, context, {
      summary: (refusal, { server, connection }) =>
        `${server} ${stateWords(refusal)} and refuses ${connection}: ISN ${absolute(refusal.isn)} is ${grouped(refusal.forward)} ahead of ${absolute(refusal.expected)}, more than 2^31, and so counts as old`,
      detail: (refusal) => `${heldWords(refusal)} ${answerWords(refusal)}`,
    }),
};
