/** rst-rescue: the client answered a plain ACK with RST, and got through with its next SYN. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf, serverOf } from "../wording.ts";

export const rstRescue: Diagnosis = {
  id: "rst-rescue",
  severity: "information",
  title: "a RST cleared the old connection, and the next SYN was accepted",
  explanation:
    "In SYN-SENT an ACK of something else is answered with a RST that carries the acknowledged number. It ends what the server still holds, half-open or (without tcp_rfc1337) in TIME_WAIT. The stack does the right thing; the number or port that made it necessary stays a fault.",
  clause: "RFC 9293 §3.10.7.3, RFC 1337 §3",
  remedy:
    "keep this behaviour, and repeat the SYN at once after the RST rather than after a second",
  start: (report) => ({
    connected({ flow, attempt, at }) {
      const { challenge, rescueFrame } = attempt;
      if (!challenge || rescueFrame === 0) return;
      const elapsedUs = at.timeUs - challenge.timeUs;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: "certain",
        summary: `${connectionOf(flow)} came through by RST: refused in frame ${challenge.frame}, RST in frame ${rescueFrame}, connected in frame ${at.frame}, ${formatDurationUs(elapsedUs)} later`,
        detail: `The RST carries the number ${challenge.acknowledgement} of the plain ACK, so the server drops what it held.`,
        frames: [challenge.frame, rescueFrame, attempt.synFrame, at.frame],
        timeUs: at.timeUs,
        elapsedUs,
        numbers: [
          {
            name: "acknowledged, and number of the RST",
            value: challenge.acknowledgement,
            frame: rescueFrame,
          },
        ],
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
      });
    },
  }),
};
