/** rst-ignored: one side goes on after a RST with exactly the number that it expected. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf, plural } from "../wording.ts";

export const rstIgnored: Diagnosis = {
  id: "rst-ignored",
  severity: "fault",
  title: "one side goes on with a connection that was reset",
  explanation:
    "A RST with exactly the number that is due ends the connection at once, in every state. A side that goes on sending keeps its memory and its timers for a connection that the other side does not know any more. The RST may also have been lost behind the place of the capture, or be forged and dropped by a filter.",
  clause: "RFC 9293 §3.10.7.4, RFC 5961 §3.2",
  remedy: "let a RST with the expected number free the connection, in each state",
  start: (report) => ({
    resetIgnored({ flow, incarnation, sender, at }) {
      const host = sender === "client" ? flow.clientAddress() : flow.serverAddress();
      const elapsedUs = at.timeUs - incarnation.resetUs;
      report({
        group: connectionOf(flow),
        confidence: "possible",
        severity: "information",
        summary: `${host} goes on with ${connectionOf(flow)} ${formatDurationUs(elapsedUs)} after it was reset in frame ${incarnation.resetFrame}`,
        detail: `The RST carries exactly the number that is due, and ${plural(incarnation.afterReset, "packet")} of ${host} followed.`,
        frames: [incarnation.resetFrame, at.frame],
        timeUs: at.timeUs,
        elapsedUs,
        connection: connectionOf(flow),
        host,
        filter: connectionFilter(flow),
        settle: `a capture at ${host} shows whether the RST arrives there`,
      });
    },
  }),
};
