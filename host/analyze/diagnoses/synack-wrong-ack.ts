/** synack-wrong-ack: a SYN-ACK that acknowledges a number which was never sent. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";
import { type Diagnosis, THE_WAY } from "../diagnosis.ts";
import { isForEarlierSyn, isMiscounted } from "../syn-ack-kinds.ts";
import { absolute, connectionFilter, connectionOf, serverOf, signed } from "../wording.ts";

export const synackWrongAck: Diagnosis = {
  id: "synack-wrong-ack",
  severity: "fault",
  title: "the SYN-ACK acknowledges another SYN",
  explanation:
    "A SYN-ACK must acknowledge the ISN + 1 of the SYN that it answers. One with an unrelated number was meant for another connection: a load balancer, NAT or firewall answers out of an old entry for the same addresses and ports, or maps two clients to one. Relative numbers hide it; look at the absolute ones. The client rejects it and repeats its SYN.",
  clause: "RFC 9293 §3.10.7.3",
  remedy:
    "in the network: enlarge the port pool of the NAT or balancer, and let it forget entries no sooner than the servers leave TIME_WAIT; in the firmware: answer with RST and try again from another port",
  start: (report) => ({
    wronglyAnswered(event) {
      const { flow, attempt, answer, isConfirmed } = event;
      if (isMiscounted(event) || isForEarlierSyn(event)) return;
      const isn = attempt.client.isn ?? 0;
      const due = attempt.client.next;
      const distance = serialDistance(due, answer.acknowledgement);
      const elapsedUs = answer.timeUs - answer.synUs;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)}`,
        confidence: isConfirmed ? "certain" : "likely",
        blames: THE_WAY,
        summary: `the SYN-ACK to ${connectionOf(flow)} acknowledges a number that the client has not sent: it acknowledges ${absolute(answer.acknowledgement)}, ISN + 1 is ${absolute(due)}`,
        detail: `It came ${formatDurationUs(elapsedUs)} after the SYN, and is ${signed(distance)} off. No end that saw the SYN sends this, so something between the client and ${serverOf(flow)}, or an old state there, seems to answer for another connection.`,
        frames: [attempt.openedFrame, answer.frame],
        timeUs: answer.timeUs,
        elapsedUs,
        numbers: [
          { name: "ISN", value: isn, frame: attempt.openedFrame },
          { name: "acknowledgement due", value: due },
          { name: "acknowledgement seen", value: answer.acknowledgement, frame: answer.frame },
          { name: "sequence of the SYN-ACK", value: answer.sequence, frame: answer.frame },
        ],
        distance,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
        settle: "captures on both sides of the box in the middle show which of them sends it",
      });
    },
  }),
};
