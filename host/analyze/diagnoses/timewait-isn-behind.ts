/** timewait-isn-behind: the new ISN lies before what the server expects. */
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, heldWords, type Refusal, refusalJudge, stateWords } from "../refusals.ts";
import { absolute, grouped } from "../wording.ts";

export const timewaitIsnBehind: Diagnosis = {
  id: "timewait-isn-behind",
  severity: "fault",
  title: "the server still holds the old connection, and the new ISN lies behind it",
  explanation:
    "A server in TIME_WAIT opens the 4-tuple anew only for a SYN whose number is serially after the last one that it received. A clock that starts over at each boot, a key that changes at each boot, or random ISNs give numbers that lie behind, and the server answers with a plain ACK.",
  clause: "RFC 9293 §3.4.3, §3.10.7.4",
  remedy:
    "keep the ISN clock and the hash key across restarts (persist a ceiling and the key), and do not use a port again while the far side may be in TIME_WAIT",
  start: (report, context) =>
    refusalJudge("timewait-isn-behind", report, context, {
      summary: (refusal, { server, connection }) =>
        `${server} ${stateWords(refusal)} and refuses ${connection}: ISN ${absolute(refusal.isn)} ${behind(refusal)} ${absolute(refusal.expected)}, which the server expects`,
      detail: (refusal) => `${heldWords(refusal)} ${answerWords(refusal)}`,
    }),
};

function behind({ distance }: Refusal): string {
  return distance === 0 ? "is not beyond" : `lies ${grouped(-distance)} behind`;
}
