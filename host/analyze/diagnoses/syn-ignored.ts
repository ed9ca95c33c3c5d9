/** syn-ignored: SYNs without any answer. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf, plural, serverOf } from "../wording.ts";

const SYNS_MIN = 2;
const WAIT_MIN_US = 2_500_000;

export const synIgnored: Diagnosis = {
  id: "syn-ignored",
  severity: "fault",
  title: "the server does not answer the SYN at all",
  explanation:
    "A SYN without SYN-ACK, ACK or RST was lost, filtered, or dropped in silence. FreeBSD drops a SYN that hits its TIME_WAIT in silence unless its number is ahead; firewalls and full accept queues do so too.",
  clause: "RFC 9293 §3.10.7.2 and §3.10.7.4",
  remedy:
    "take a fresh port and a forward ISN for the next attempt; if that fails too, look for a filter on the way",
  start: (report, context) => ({
    failed({ flow, attempt, previous, at, captureEnded }) {
      if (!attempt.sawSyn || attempt.syns < SYNS_MIN) return;
      if (attempt.challenges > 0 || attempt.wrongAcks > 0 || attempt.resetBy) return;
      const waitedUs = attempt.synUs - attempt.openedUs;
      if (captureEnded && waitedUs < WAIT_MIN_US) return;
      // Without one packet from that side the capture may show one direction only.
      const heard = context.heardFrom(flow, "server");
      const inTimeWait = previous?.bothFins === true;
      const why = inTimeWait
        ? "the last connection of the same 4-tuple ended shortly before, so a server that drops in silence during TIME_WAIT (FreeBSD) explains it"
        : "nothing of an earlier connection of the same 4-tuple was seen";
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)} ${inTimeWait}`,
        confidence: heard ? (inTimeWait ? "likely" : "certain") : "possible",
        summary: `${serverOf(flow)} does not answer ${connectionOf(flow)}: ${plural(attempt.syns, "SYN")} in ${formatDurationUs(waitedUs)}, no answer`,
        detail: `${attempt.syns} SYNs with number ${attempt.client.isn} stayed without SYN-ACK, ACK and RST; ${why}.`,
        frames: [attempt.openedFrame, attempt.synFrame],
        timeUs: at.timeUs,
        elapsedUs: waitedUs,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
        ...(heard
          ? {}
          : {
              settle: `nothing at all from ${flow.serverAddress()} is in the capture: one taken at the server shows whether the SYN arrives`,
            }),
      });
    },
  }),
};
