/** fin-acked-in-two-steps: the ACK of all before the FIN once more, then the ACK of the FIN. */
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf } from "../wording.ts";

export const finAckedInTwoSteps: Diagnosis = {
  id: "fin-acked-in-two-steps",
  severity: "harmless",
  title: "the FIN was acknowledged in two steps",
  explanation:
    "After a FIN some stacks (macOS) first repeat the acknowledgement of what came before it, and then acknowledge the FIN itself, which uses one number. It looks like a missing +1, and is right.",
  clause: "RFC 9293 §3.6 and §3.8.6.3",
  remedy: "nothing to do",
  start: (report) => ({
    finAckedInSteps({ flow, incarnation, sender, at }) {
      const half = sender === "client" ? incarnation.client : incarnation.server;
      const other = sender === "client" ? incarnation.server : incarnation.client;
      report({
        group: `${connectionOf(flow)} ${sender}`,
        confidence: "certain",
        summary: `the ${sender} of ${connectionOf(flow)} acknowledged the FIN in two steps (frames ${half.finHalfAckedFrame} and ${at.frame}), which is harmless`,
        detail: `Frame ${half.finHalfAckedFrame} acknowledges ${other.finSequence}, all before the FIN of frame ${other.finFrame}; frame ${at.frame} acknowledges the FIN too, with + 1.`,
        frames: [other.finFrame, half.finHalfAckedFrame, at.frame],
        timeUs: at.timeUs,
        connection: connectionOf(flow),
        filter: connectionFilter(flow),
      });
    },
  }),
};
