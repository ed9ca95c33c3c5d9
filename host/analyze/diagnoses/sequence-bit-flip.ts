/** sequence-bit-flip: one packet carries a number that is off by a few bits; the next is right again. */
import { serialDistance } from "../../core/serial.ts";
import type { Misfit } from "../../tracking/half.ts";
import { flippedBits } from "../../tracking/misfits.ts";
import { type Diagnosis, THE_WAY } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, endpointText, signed } from "../wording.ts";

export const sequenceBitFlip: Diagnosis = {
  id: "sequence-bit-flip",
  severity: "fault",
  title: "a number was changed on the way",
  explanation:
    "One packet carries a sequence or acknowledgement number that differs from the one due in a few bits, and the next packet is right again. Endpoints count, they do not flip bits: memory or firmware of a router, NAT or network adapter on the way does. In relative numbers it shows as a huge value near 2^32.",
  clause: "RFC 9293 §3.1 (checksum), §3.4",
  remedy:
    "the endpoints are not at fault: capture on both sides of each box to find the hop that changes it; switch offloads and NAT helpers off one by one",
  start: (report) => ({
    misfit({ flow, sender, misfit, at, incarnation }) {
      const distance = serialDistance(misfit.due, misfit.seen);
      const flipped = (misfit.seen ^ misfit.due) >>> 0;
      const side =
        sender === "client"
          ? endpointText(flow.clientAddress(), flow.clientPort)
          : endpointText(flow.serverAddress(), flow.serverPort);
      const half = sender === "client" ? incarnation.client : incarnation.server;
      const relative =
        misfit.field === "sequence" && half.isn !== undefined
          ? ` In relative numbers it shows as ${(misfit.seen - half.isn) >>> 0}.`
          : "";
      report({
        group: `${connectionOf(flow)} ${sender}`,
        confidence: "certain",
        blames: THE_WAY,
        summary: `a packet of ${side} was changed on the way: ${misfit.field} ${absolute(misfit.seen)} where ${absolute(misfit.due)} was due (${signed(distance)}, ${flippedBits(misfit.seen, misfit.due)} bits flipped, XOR 0x${flipped.toString(16).padStart(8, "0")})`,
        detail: `${checksumWords(misfit)} It happened between ${side} and the place of the capture; frame ${at.frame} has the right number again.${relative}`,
        frames: [misfit.frame, at.frame],
        timeUs: misfit.timeUs,
        numbers: [
          { name: `${misfit.field} seen`, value: misfit.seen, frame: misfit.frame },
          { name: `${misfit.field} due`, value: misfit.due },
          { name: "XOR", value: flipped },
        ],
        distance,
        elapsedUs: at.timeUs - misfit.timeUs,
        connection: connectionOf(flow),
        filter: `${connectionFilter(flow)} && frame.number >= ${Math.max(1, misfit.frame - 2)} && frame.number <= ${at.frame}`,
      });
    },
  }),
};

function checksumWords({ checksum, checksumFitsDue }: Misfit): string {
  if (checksum === "ok") {
    return "The TCP checksum is valid for the wrong number, so a box that writes checksums anew (NAT, proxy, offload) changed it, or changed it before writing.";
  }
  if (checksumFitsDue) {
    return "The TCP checksum still fits the right number: the bits were flipped after it was written, on a link or in a buffer, and a receiver that verifies drops the packet.";
  }
  if (checksum === "unfilled") {
    return "The TCP checksum was not filled in yet (offload), so the packet was recorded where it was sent, and its sender's own stack or driver changed the number.";
  }
  if (checksum === "bad") return "The TCP checksum fits neither number.";
  return "The packet was not captured whole, so its checksum tells nothing.";
}
