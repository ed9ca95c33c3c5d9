/** synack-for-earlier-syn: the SYN-ACK belongs to the client's own attempt before this one. */
import type { Diagnosis } from "../diagnosis.ts";
import { isForEarlierSyn, isMiscounted } from "../syn-ack-kinds.ts";
import { absolute, connectionFilter, connectionOf, serverOf } from "../wording.ts";

export const synackForEarlierSyn: Diagnosis = {
  id: "synack-for-earlier-syn",
  severity: "information",
  title: "the SYN-ACK answers the client's own earlier SYN of the same 4-tuple",
  explanation:
    "The server still works on an earlier SYN of the same 4-tuple (SYN_RECV), or its answer was late. The client answers with RST, which clears the server, and its next SYN gets through; that is the recovery of figure 9 of the RFC. A client that takes another port for each attempt does not meet it.",
  clause: "RFC 9293 §3.5 (figure 9) and §3.10.7.3",
  remedy: "take a fresh port for a new attempt, and answer such a SYN-ACK with RST",
  start: (report) => ({
    wronglyAnswered(event) {
      const { flow, attempt, answer } = event;
      if (isMiscounted(event) || !isForEarlierSyn(event)) return;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: "certain",
        summary: `the SYN-ACK to ${connectionOf(flow)} answers an earlier SYN of the same client and port: it acknowledges ${absolute(answer.acknowledgement)}`,
        detail: `That is the ISN of the attempt before, plus 1; the SYN of frame ${attempt.openedFrame} has the number ${absolute(attempt.client.isn ?? 0)}.`,
        frames: [attempt.openedFrame, answer.frame],
        timeUs: answer.timeUs,
        elapsedUs: answer.timeUs - answer.synUs,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
      });
    },
  }),
};
