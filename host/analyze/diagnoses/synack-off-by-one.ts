/** synack-off-by-one: the SYN-ACK is for this SYN, but counts it wrongly. */
import { serialDistance } from "../../core/serial.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { isMiscounted } from "../syn-ack-kinds.ts";
import { absolute, connectionFilter, connectionOf, serverOf, signed } from "../wording.ts";

export const synackOffByOne: Diagnosis = {
  id: "synack-off-by-one",
  severity: "fault",
  title: "the SYN-ACK acknowledges this SYN, but is off by a few",
  explanation:
    "The SYN uses one sequence number, so its acknowledgement is ISN + 1. A peer or box that forgets to count it, that takes the number 0 for 'none', or that counts each repeated SYN once more is off by a few. No other connection is in it. The client must reject the SYN-ACK, and repeats its SYN.",
  clause: "RFC 9293 §3.4 and §3.10.7.3",
  remedy:
    "mend the side that answers, or the box that answers for it; a client that never uses the ISN 0 avoids the form in which 0 is taken for 'none'",
  start: (report) => ({
    wronglyAnswered(event) {
      const { flow, attempt, answer, isConfirmed } = event;
      if (!isMiscounted(event)) return;
      const isn = attempt.client.isn ?? 0;
      const due = attempt.client.next;
      const distance = serialDistance(due, answer.acknowledgement);
      const zero = isn === 0 ? " The ISN is 0, which some take for no number at all." : "";
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: isConfirmed ? "certain" : "likely",
        blames: flow.serverAddress(),
        summary: `the SYN-ACK to ${connectionOf(flow)} miscounts the SYN: it acknowledges ${absolute(answer.acknowledgement)}, ${absolute(due)} is due (${signed(distance)})`,
        detail: `A number this near to the ISN belongs to this SYN. ${serverOf(flow)}, or a box that answers for it, does not count the SYN as one number.${zero}`,
        frames: [attempt.openedFrame, answer.frame],
        timeUs: answer.timeUs,
        elapsedUs: answer.timeUs - answer.synUs,
        numbers: [
          { name: "ISN", value: isn, frame: attempt.openedFrame },
          { name: "acknowledgement due", value: due },
          { name: "acknowledgement seen", value: answer.acknowledgement, frame: answer.frame },
        ],
        distance,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
        settle: "a capture at the server shows whether it, or a box on the way, counts wrongly",
      });
    },
  }),
};
