/** What the answers of the peer, and resets of either side, do to a connection (RFC 9293 §3.10.7). */
import { serialAdd, serialAfter } from "../core/serial.ts";
import type { Connection, SynAnswer } from "./connection.ts";
import { ACK, FIN, type Segment, SYN } from "./segment.ts";

/**
 * A RST of the device. In SYN-SENT it answers an unacceptable ACK with a RST that has the number of
 * that ACK, and the attempt goes on (RFC 9293 §3.10.7.3).
 */
export function deviceReset(connection: Connection, segment: Segment): void {
  if (!connection.established && segment.sequence !== connection.next) return;
  connection.reset ??= "device";
}

/** A RST of the peer. In SYN-SENT only one that acknowledges the SYN counts (§3.10.7.3). */
export function peerReset(connection: Connection, segment: Segment, frame: number): void {
  if (!connection.established && !connection.passive) {
    if ((segment.flags & ACK) === 0 || segment.acknowledgement !== connection.next) return;
    noteAnswer(connection, "reset", frame);
  }
  connection.reset ??= "peer";
}

/** Any other segment of the peer in a connection that stands. */
export function peerSegment(connection: Connection, segment: Segment): void {
  // A lone SYN opens the tuple anew; the device's part of that begins with its SYN-ACK.
  if ((segment.flags & SYN) !== 0 && (segment.flags & ACK) === 0) return;
  const end = serialAdd(segment.sequence, segment.sequenceLength);
  if (!connection.peerSeen || serialAfter(end, connection.peerNext)) connection.peerNext = end;
  connection.peerSeen = true;
  if ((segment.flags & FIN) === 0) return;
  connection.peerFin = true;
  connection.closedFirst ??= "peer";
}

/** A segment of the peer before the device has gone on from its SYN. */
export function answerToSyn(connection: Connection, segment: Segment, frame: number): void {
  const isSyn = (segment.flags & SYN) !== 0;
  const isAck = (segment.flags & ACK) !== 0;
  if (connection.passive) {
    peerSegment(connection, segment);
    return;
  }
  if (isAck && segment.acknowledgement !== connection.next) {
    connection.wrongAcks += 1;
    connection.wrongAckSequence = segment.sequence;
    connection.wrongAcknowledgement = segment.acknowledgement;
    connection.wrongAckFrame = frame;
    noteAnswer(connection, isSyn ? "wrong-ack" : "challenge-ack", frame);
    return;
  }
  if (isSyn) {
    connection.peerIsn = segment.sequence;
    connection.peerNext = serialAdd(segment.sequence, segment.sequenceLength);
    connection.peerSeen = true;
    if (isAck) connection.connectedFrame = frame;
    noteAnswer(connection, isAck ? "syn-ack" : "syn", frame);
    return;
  }
  peerSegment(connection, segment);
}

function noteAnswer(connection: Connection, answer: SynAnswer, frame: number): void {
  if (connection.answer !== "none") return;
  connection.answer = answer;
  connection.answerFrame = frame;
}
