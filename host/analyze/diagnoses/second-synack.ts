/** second-synack: a second SYN-ACK with another ISN. */
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, serverOf } from "../wording.ts";

export const secondSynack: Diagnosis = {
  id: "second-synack",
  severity: "information",
  title: "a second SYN-ACK came with another ISN",
  explanation:
    "One SYN was answered twice, with different numbers: by two servers behind one address, by a box that answers for the server, or by a server that chooses anew for each repetition (SYN cookies). The client takes the first one, and must answer the second with a challenge ACK, not accept it.",
  clause: "RFC 9293 §3.10.7.4, RFC 5961 §4",
  remedy:
    "nothing at the client; look for two machines that answer for one address, if connections break",
  start: (report) => ({
    secondSynAck({ flow, incarnation, at, isn }) {
      const first = incarnation.server.isn ?? 0;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: "certain",
        summary: `a second SYN-ACK of ${connectionOf(flow)} has another ISN: ${absolute(isn)} after ${absolute(first)}`,
        detail: `Frame ${incarnation.connectedFrame} had opened the connection; its numbering is the one that counts.`,
        frames: [incarnation.connectedFrame, at.frame],
        timeUs: at.timeUs,
        numbers: [
          { name: "first ISN of the server", value: first, frame: incarnation.connectedFrame },
          { name: "second ISN", value: isn, frame: at.frame },
        ],
        connection: connectionOf(flow),
        filter: connectionFilter(flow),
        settle: "captures on both sides of the boxes on the way show which of them answers",
      });
    },
  }),
};
