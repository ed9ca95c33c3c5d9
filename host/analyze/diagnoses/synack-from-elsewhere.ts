/** synack-from-elsewhere: the answer to the SYN comes from another address or port. */
import { type Diagnosis, THE_WAY } from "../diagnosis.ts";
import { absolute, connectionOf, plural, serverOf } from "../wording.ts";

export const synackFromElsewhere: Diagnosis = {
  id: "synack-from-elsewhere",
  severity: "fault",
  title: "the SYN-ACK comes from another address or port than the SYN went to",
  explanation:
    "The SYN was translated on its way to the server (DNAT, load balancer, port forwarding), and the answer was not translated back: it came by another way, or the box forgot. The client knows nothing of that address and port, and answers with RST; its own SYN stays without an answer.",
  clause: "RFC 9293 §3.10.7.1, RFC 5382 §4.3",
  remedy:
    "let the answers pass the box that translated the SYN (routing, source NAT for hairpin connections), or switch on the translation back",
  start: (report) => ({
    failed({ flow, attempt, at }) {
      const { strayAnswers, strayFrom, strayFrame } = attempt;
      if (strayAnswers === 0 || strayFrom === undefined) return;
      const isn = attempt.client.isn ?? 0;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: "certain",
        blames: THE_WAY,
        summary: `the SYN of ${connectionOf(flow)} is answered from ${strayFrom}: the answer was not translated back`,
        detail: `${plural(strayAnswers, "SYN-ACK")} of ${strayFrom} to the same port of the client ${strayAnswers === 1 ? "acknowledges" : "acknowledge"} the ISN ${absolute(isn)} + 1, which by chance happens once in 2^32.`,
        frames: [attempt.openedFrame, strayFrame],
        timeUs: at.timeUs,
        numbers: [{ name: "ISN", value: isn, frame: attempt.openedFrame }],
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: `tcp.port == ${flow.clientPort} && (tcp.seq_raw == ${isn} || tcp.ack_raw == ${(isn + 1) >>> 0})`,
        settle:
          "captures on both sides of the box that translates show which packets it leaves alone",
      });
    },
  }),
};
