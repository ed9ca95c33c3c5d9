/** stale-segment-accepted: bytes of an old connection were taken for bytes of the new one. */
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, plural } from "../wording.ts";

export const staleSegmentAccepted: Diagnosis = {
  id: "stale-segment-accepted",
  severity: "fault",
  title: "a segment of the old connection was taken for data of the new one",
  explanation:
    "A sequence number may be used only once within the lifetime of a packet (2 minutes). If a new connection of the same 4-tuple uses the numbers of the old one again, a late copy of an old segment fits, and the receiver takes bytes that nobody has sent it now. The handshake protects against old SYNs only.",
  clause: "RFC 9293 §3.4.1, RFC 6528 §1",
  remedy:
    "never use a number twice on a 4-tuple within 2 × MSL: a persisted ISN clock that outruns the data, and timestamps (PAWS) as a second line",
  start: (report) => ({
    staleAccepted({ flow, incarnation, sender, at, copy, reason }) {
      const { print, originalFrame } = copy;
      const receiver = sender === "client" ? "server" : "client";
      const proof =
        reason === "overwritten"
          ? `frame ${at.frame} shows the ${sender} sending other bytes under the same numbers`
          : "its acknowledgement number belongs to the old connection";
      report({
        group: `${connectionOf(flow)} ${sender}`,
        confidence: "certain",
        blames: sender === "client" ? flow.clientAddress() : flow.serverAddress(),
        summary: `the ${receiver} of ${connectionOf(flow)} took ${plural(print.length, "byte")} of the old connection for new data: frame ${copy.frame} is a late copy of frame ${originalFrame}`,
        detail: `Frame ${copy.frame} has number ${absolute(print.sequence)}, length and checksum of frame ${originalFrame}, ${proof}, and the ${receiver} acknowledges it: the ISN of the new connection (frame ${incarnation.openedFrame}) opened the same range of numbers again.`,
        frames: [originalFrame, incarnation.openedFrame, copy.frame, at.frame],
        timeUs: copy.timeUs,
        elapsedUs: copy.timeUs - incarnation.openedUs,
        numbers: [
          { name: "sequence", value: print.sequence, frame: copy.frame },
          { name: "length", value: print.length, frame: copy.frame },
          { name: "its acknowledgement", value: print.acknowledgement, frame: copy.frame },
        ],
        distance: 0,
        connection: connectionOf(flow),
        filter: connectionFilter(flow),
      });
    },
  }),
};
