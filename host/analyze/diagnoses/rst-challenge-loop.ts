/** rst-challenge-loop: RST and challenge ACK answer each other over and over. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, grouped, signed } from "../wording.ts";

const PAIRS_MIN = 5;

export const rstChallengeLoop: Diagnosis = {
  id: "rst-challenge-loop",
  severity: "fault",
  title: "RST and challenge ACK answer each other in a loop",
  explanation:
    "A RST whose number is in the window but not the one that is due is answered with a challenge ACK, which carries SND.NXT and RCV.NXT, so that the other side can send the right RST. An ACK that acknowledges what the RST said instead, or a RST that does not take its number from the ACK, makes the two go on for ever.",
  clause: "RFC 5961 §3.2 and §7",
  remedy:
    "build the challenge ACK from the connection (SND.NXT, RCV.NXT), never from the RST; limit the rate of challenge ACKs; take the number of a RST from the ACK that it answers",
  start(report) {
    return {
      resetAnswered({ flow, incarnation, sender, at, segment }) {
        const pairs = incarnation.resetAnswers;
        if (pairs < PAIRS_MIN) return;
        const connection = connectionOf(flow);
        const [own, other] =
          sender === "client"
            ? [incarnation.client, incarnation.server]
            : [incarnation.server, incarnation.client];
        const ends = [flow.clientAddress(), flow.serverAddress()] as const;
        const [answers, resets] = sender === "client" ? ends : [ends[1], ends[0]];
        const due = other.next;
        const seen = segment.acknowledgement;
        const isWrong = seen !== due && seen !== own.acked;
        const elapsedUs = at.timeUs - incarnation.doubtfulUs;
        const blames = isWrong ? answers : resets;
        report({
          group: connection,
          revises: true,
          confidence: isWrong ? "certain" : "likely",
          blames,
          summary: isWrong
            ? `${answers} answers the RST of ${resets} by an ACK that is built from the RST: it acknowledges ${absolute(seen)}, ${absolute(due)} is due; ${grouped(pairs)} pairs in ${formatDurationUs(elapsedUs)}`
            : `${resets} sends a RST with a number that is not due, ${answers} challenges it, and neither gives way: ${grouped(pairs)} pairs in ${formatDurationUs(elapsedUs)}`,
          detail: `The RST carries ${absolute(incarnation.doubtfulSequence)}, ${signed(serialDistance(due, incarnation.doubtfulSequence))} from the number that is due.`,
          frames: [incarnation.doubtfulFrame, at.frame],
          timeUs: incarnation.doubtfulUs,
          elapsedUs,
          numbers: [
            {
              name: "number of the RST",
              value: incarnation.doubtfulSequence,
              frame: incarnation.doubtfulFrame,
            },
            { name: "number due", value: due },
            { name: "acknowledged by the answer", value: seen, frame: at.frame },
          ],
          connection,
          filter: connectionFilter(flow),
        });
      },
    };
  },
};
