/** timewait-timestamp-behind: the timestamp clock started over, so the SYN is old by RFC 6191. */
import { serialDistance } from "../../core/serial.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, heldWords, type Refusal, refusalJudge, stateWords } from "../refusals.ts";
import { signed } from "../wording.ts";

export const timewaitTimestampBehind: Diagnosis = {
  id: "timewait-timestamp-behind",
  severity: "fault",
  title:
    "the server still holds the old connection, and the TSval of the new SYN is lower than before",
  explanation:
    "With timestamps in use a server in TIME_WAIT compares them first: a SYN whose TSval is lower than the last one is old (PAWS), however good its ISN is. Linux answers with a plain ACK and starts the 60 s of TIME_WAIT anew, so a device that retries more often than that never gets through.",
  clause: "RFC 6191 §2, RFC 7323 §5",
  remedy:
    "derive the TSval from a clock that is persisted across restarts, or leave timestamps off; answer the plain ACK with RST and send the SYN again as first aid",
  start: (report, context) =>
    refusalJudge("timewait-timestamp-behind", report, context, {
      summary: (refusal, { server, connection }) =>
        `${server} ${stateWords(refusal)} and refuses ${connection}: its TSval went back ${tsvals(refusal)}, so the SYN counts as old whatever its ISN`,
      detail: (refusal) =>
        `${heldWords(refusal)} ${answerWords(refusal)} The ISN is not the cause.`,
    }),
};

function tsvals({ tsvalBefore, tsval }: Refusal): string {
  if (tsvalBefore === undefined || tsval === undefined) return "";
  return `from ${tsvalBefore} to ${tsval} (${signed(serialDistance(tsvalBefore, tsval))})`;
}
