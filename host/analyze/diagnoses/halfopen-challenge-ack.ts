/** halfopen-challenge-ack: the server's old connection still stands; the client has forgotten it. */
import type { Diagnosis } from "../diagnosis.ts";
import { answerWords, type Refusal, refusalJudge } from "../refusals.ts";
import { absolute } from "../wording.ts";

export const halfopenChallengeAck: Diagnosis = {
  id: "halfopen-challenge-ack",
  severity: "fault",
  title: "the server still holds the old connection open, and challenges the SYN",
  explanation:
    "The client went away without FIN or RST (a power cut, a reset) and comes back with the same port. For the server the old connection stands; it answers the SYN with a challenge ACK, whatever the ISN. A client that answers with RST gets through about a millisecond later; one that ignores the ACK never does.",
  clause: "RFC 5961 §4, RFC 9293 §3.5.1 and §3.10.7.4",
  remedy:
    "take a port that was not used before the restart (persist the port counter), and answer an ACK of something else with RST in SYN-SENT, as RFC 9293 §3.10.7.3 says",
  start: (report, context) =>
    refusalJudge("halfopen-challenge-ack", report, context, {
      summary: (refusal, { server, connection }) =>
        refusal.severity
          ? `${server} answers ${connection} by a plain ACK of the ISN ${absolute(refusal.isn)} itself`
          : `${server} still holds ${refusal.held ? "the last" : "an old"} connection of ${connection}${fins(refusal)} and challenges the new SYN: it acknowledges ${absolute(refusal.expected)}, not the ISN ${absolute(refusal.isn)}`,
      detail: (refusal) => `${seen(refusal)} ${answerWords(refusal)}`,
    }),
};

function seen({ held, severity }: Refusal): string {
  if (severity) return "Nothing of an old connection is shown; it may be any challenge.";
  if (!held) return "The ISN would open a TIME_WAIT, so the old connection is not in it.";
  const frames = `The last connection (frames ${held.openedFrame} to ${held.lastFrame})`;
  if (held.resetBy !== undefined) return `${frames} was reset, but the server has not taken that.`;
  if (held.bothFins)
    return `${frames} was closed by the client first, so the server waits for its last ACK.`;
  return `${frames} was never closed by both sides.`;
}

function fins({ held }: Refusal): string {
  if (!held || held.resetBy !== undefined) return "";
  if (held.bothFins) return " (LAST_ACK)";
  if (held.client.fin) return " open (CLOSE_WAIT)";
  return held.server.fin ? " open (FIN_WAIT)" : " open (ESTABLISHED)";
}
