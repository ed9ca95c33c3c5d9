/** extra-ack-after-handshake: a fourth packet that acknowledges nothing new. */
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf } from "../wording.ts";

export const extraAckAfterHandshake: Diagnosis = {
  id: "extra-ack-after-handshake",
  severity: "harmless",
  title: "a fourth ACK right after the handshake",
  explanation:
    "macOS sends one more ACK after the three packets of the handshake to announce its full window. It acknowledges nothing new and carries no data; nothing is wrong with it.",
  clause: "RFC 9293 §3.8.6",
  remedy: "nothing to do",
  start: (report) => ({
    extraAck({ flow, incarnation, sender, at }) {
      report({
        group: `${connectionOf(flow)}`,
        confidence: "certain",
        summary: `the ${sender} of ${connectionOf(flow)} sends a fourth ACK after the handshake (a window update, frame ${at.frame}), which is harmless`,
        detail: `Frame ${incarnation.handshakeFrame} completes the handshake; frame ${at.frame} acknowledges nothing new.`,
        frames: [incarnation.handshakeFrame, at.frame],
        timeUs: at.timeUs,
        connection: connectionOf(flow),
        filter: connectionFilter(flow),
      });
    },
  }),
};
