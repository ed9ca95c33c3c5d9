/** rst-not-acceptable: the SYN is refused by a RST that the client must not accept. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, plural, serverOf, signed } from "../wording.ts";

export const rstNotAcceptable: Diagnosis = {
  id: "rst-not-acceptable",
  severity: "fault",
  title: "the server refuses by a RST that the client in SYN-SENT must not accept",
  explanation:
    "A RST that refuses a SYN must acknowledge it: SEG.ACK = SEG.SEQ + SEG.LEN, and the SYN counts one. A client in SYN-SENT drops a RST without ACK, or with another number, because anybody could send it. The client then repeats its SYN until it gives up, as if nobody answered; it should have been told at once that the port is closed.",
  clause: "RFC 9293 §3.5.2, §3.10.7.1 and §3.10.7.3, RFC 5961 §3.2",
  remedy:
    "mend the side that refuses: RST,ACK with the acknowledgement of the SYN's number + 1 (+ the length of its data)",
  start: (report) => ({
    failed({ flow, attempt, at }) {
      const { wrongReset, wrongResets, challenges, wrongAcks, refusals } = attempt;
      if (!wrongReset || challenges > 0 || wrongAcks > 0 || refusals > 0) return;
      const isn = attempt.client.isn ?? 0;
      const due = attempt.client.next;
      const distance = serialDistance(due, wrongReset.acknowledgement);
      const seen =
        wrongReset.acknowledgement === 0 && isn !== 0
          ? "no acknowledgement of it"
          : `the acknowledgement ${absolute(wrongReset.acknowledgement)} (${signed(distance)})`;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: "certain",
        blames: flow.serverAddress(),
        summary: `${serverOf(flow)} refuses ${connectionOf(flow)} by a RST that must not be accepted: it carries ${seen}, ${absolute(due)} is due`,
        detail: `${plural(wrongResets, "RST")} came, and the client went on with ${plural(attempt.syns, "SYN")} in ${formatDurationUs(attempt.synUs - attempt.openedUs)}, as it must.`,
        frames: [attempt.openedFrame, wrongReset.frame, attempt.synFrame],
        timeUs: at.timeUs,
        elapsedUs: attempt.synUs - attempt.openedUs,
        numbers: [
          { name: "ISN", value: isn, frame: attempt.openedFrame },
          { name: "acknowledgement due", value: due },
          {
            name: "acknowledgement seen",
            value: wrongReset.acknowledgement,
            frame: wrongReset.frame,
          },
        ],
        distance,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
      });
    },
  }),
};
