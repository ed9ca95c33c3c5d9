/** syn-dropped-on-the-way: a SYN without an answer that no rule of TCP lets the server drop. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";
import { type Diagnosis, THE_WAY } from "../diagnosis.ts";
import { isDroppedOnTheWay, silenceOf } from "../silence.ts";
import { absolute, connectionFilter, connectionOf, plural, signed } from "../wording.ts";

export const synDroppedOnTheWay: Diagnosis = {
  id: "syn-dropped-on-the-way",
  severity: "fault",
  title: "the SYN is dropped while a firewall or connection tracker still knows the 4-tuple",
  explanation:
    "A connection tracker (conntrack, a stateful firewall, a NAT) keeps an entry of a closed connection for a minute or more, and some drop a SYN that does not fit it. The server would have accepted: its rules for TIME_WAIT refuse only a SYN that is not ahead, and they do not apply where the client closed first. The next port works at once, because there is no entry for it.",
  clause: "RFC 9293 §3.10.7.4, RFC 5382 §5",
  remedy:
    "in the firmware: take a port that was not used within the last minutes; in the network: let the tracker forget closed connections sooner, or open them anew for a SYN (nf_conntrack_tcp_timeout_time_wait, nf_conntrack_tcp_be_liberal)",
  start: (report, context) => ({
    failed(event) {
      const { flow, attempt, previous, at } = event;
      const waitedUs = silenceOf(event);
      if (waitedUs === undefined || !previous || !isDroppedOnTheWay(event, context.twoMslUs))
        return;
      const isn = attempt.client.isn ?? 0;
      const due = previous.client.next;
      const distance = serialDistance(due, isn);
      const agoUs = attempt.openedUs - previous.lastUs;
      const heard = context.heardFrom(flow, "server");
      const reasons = [
        ...(distance > 0 ? [`the ISN is ${signed(distance)} from the last number used`] : []),
        ...(previous.closedFirst === "client"
          ? ["the client closed first, so TIME_WAIT is at the client and the server has forgotten"]
          : []),
      ];
      report({
        group: `${flow.clientAddress()} ${flow.serverAddress()}`,
        confidence: heard ? "likely" : "possible",
        blames: THE_WAY,
        summary: `something between ${flow.clientAddress()} and ${flow.serverAddress()} drops the SYN of ${connectionOf(flow)}: ${plural(attempt.syns, "SYN")} in ${formatDurationUs(waitedUs)} without an answer, ${formatDurationUs(agoUs)} after the last connection of the same 4-tuple`,
        detail: `No rule of TCP lets the server drop it: ${reasons.join(", and ")}. An entry of a firewall, NAT or connection tracker for the old connection (frames ${previous.openedFrame} to ${previous.lastFrame}) explains it.`,
        frames: [previous.lastFrame, attempt.openedFrame, attempt.synFrame],
        timeUs: at.timeUs,
        elapsedUs: agoUs,
        numbers: [
          { name: "last number used + 1", value: due, frame: previous.lastFrame },
          { name: "new ISN", value: isn, frame: attempt.openedFrame },
        ],
        distance,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
        settle: `capture on both sides of each firewall or NAT on the way, and list its entries while it fails (conntrack -L -d ${flow.serverAddress()}); if ${absolute(isn)} arrives at the server, the server drops it`,
      });
    },
  }),
};
