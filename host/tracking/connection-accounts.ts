/**
 * The accounts of a standing connection: what each side has sent and acknowledged, and what of it is
 * odd (RFC 9293 §3.4, §3.8.4).
 */

import { read16 } from "../capture/bytes.ts";
import type { Packet } from "../capture/packet.ts";
import { ACK, FIN, PSH, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd, serialAfter, serialDistance } from "../core/serial.ts";
import type { CaptureEvents } from "./capture-events.ts";
import { dataPrint, findStaleCopy, isStaleOverwritten, rememberPrint } from "./data-prints.ts";
import type { Flow, Incarnation, Side } from "./flow.ts";
import type { Half } from "./half.ts";
import { learnTimestamp, learnWindow } from "./half-learning.ts";
import { checkNumbers } from "./misfits.ts";
import { goOnAfterReset, noteStandingReset } from "./resets.ts";

/** A second ACK this soon after the handshake belongs to it. */
const EXTRA_ACK_MAX_US = 1_000_000;

export class ConnectionAccounts {
  /** Times that a number showed that packets are missing from the capture. */
  losses = 0;
  readonly #events: CaptureEvents;

  constructor(events: CaptureEvents) {
    this.#events = events;
  }

  /** Takes a segment of a standing connection into the account of its sender. */
  take(
    flow: Flow,
    incarnation: Incarnation,
    segment: Segment,
    packet: Packet,
    fromClient: boolean,
    timeUs: number,
  ): void {
    const half = fromClient ? incarnation.client : incarnation.server;
    const other = fromClient ? incarnation.server : incarnation.client;
    const { flags } = segment;
    const { frame } = packet;
    half.packets += 1;
    half.bytes += segment.payloadLength;
    if ((flags & RST) !== 0) {
      noteStandingReset(incarnation, segment, fromClient, { frame, timeUs });
      return;
    }
    if (incarnation.doubtfulResets > 0 || incarnation.resetBy !== undefined) {
      const sender = fromClient ? "client" : "server";
      const event = { flow, incarnation, sender, at: { frame, timeUs }, segment } as const;
      const effect = goOnAfterReset(incarnation, segment, sender, timeUs);
      if (effect === "answers") {
        this.#events.resetAnswered(event);
        return;
      }
      if (effect === "ignores") this.#events.resetIgnored(event);
    }
    if (
      (flags & SYN) !== 0 &&
      !fromClient &&
      half.isn !== undefined &&
      half.isn !== segment.sequence
    ) {
      this.#secondSynAck(flow, incarnation, segment, frame, timeUs);
      return;
    }
    if (fromClient && incarnation.secondIsn !== undefined) chooseServerIsn(incarnation, segment);
    if (!half.sent && other.hasAcked && (flags & SYN) === 0) {
      // The capture begins in mid-connection: what is due next is what the other side has acknowledged.
      half.sent = true;
      half.next = other.acked;
    }
    if (half.sent && (flags & SYN) === 0) {
      const verdict = checkNumbers(half, other, segment, packet, timeUs);
      if (verdict.settled) {
        const sender = fromClient ? "client" : "server";
        const at = { frame, timeUs };
        this.#events.misfit({ flow, incarnation, sender, at, half, misfit: verdict.settled });
      }
      if (!verdict.fits) return;
      this.#oddities(flow, incarnation, half, other, segment, fromClient, frame, timeUs);
    }
    if (segment.payloadLength > 0) {
      incarnation.dataSeen = true;
      this.#rememberData(flow, incarnation, half, segment, packet, fromClient, timeUs);
    }
    const { gaps } = half;
    advance(half, segment, frame, timeUs);
    const isUnseenAcked =
      (flags & ACK) !== 0 && other.sent && serialAfter(segment.acknowledgement, other.next);
    if (half.gaps > gaps || (isUnseenAcked && incarnation.sawSyn)) this.losses += 1;
    if ((flags & FIN) !== 0) incarnation.closedFirst ??= fromClient ? "client" : "server";
    if ((flags & ACK) !== 0) {
      const acknowledgement = segment.acknowledgement;
      if (!half.hasAcked || serialAfter(acknowledgement, half.acked)) half.acked = acknowledgement;
      half.hasAcked = true;
      if (other.stale)
        this.#staleSettles(flow, incarnation, half, other, fromClient, frame, timeUs);
    }
    learnWindow(half, segment);
    learnTimestamp(half, segment);
  }

  #secondSynAck(
    flow: Flow,
    incarnation: Incarnation,
    segment: Segment,
    frame: number,
    timeUs: number,
  ): void {
    const isn = segment.sequence;
    incarnation.secondIsn = isn;
    const at = { frame, timeUs };
    this.#events.secondSynAck({ flow, incarnation, sender: "server", at, isn });
  }

  /** What looks odd to a person, and is told: keep-alives and the two forms of macOS. */
  #oddities(
    flow: Flow,
    incarnation: Incarnation,
    half: Half,
    other: Half,
    segment: Segment,
    fromClient: boolean,
    frame: number,
    timeUs: number,
  ): void {
    const isPure = (segment.flags & ~PSH) === ACK && segment.payloadLength <= 1;
    const sender: Side = fromClient ? "client" : "server";
    if (!isPure) return;
    const { sequence, acknowledgement, payloadLength } = segment;
    if (
      sequence === serialAdd(half.next, -1) &&
      !half.fin &&
      other.hasAcked &&
      other.acked === half.next
    ) {
      incarnation.keepalives += 1;
      this.#events.keepalive({ flow, incarnation, sender, at: { frame, timeUs } });
      return;
    }
    if (payloadLength > 0 || sequence !== half.next) return;
    const isHandshake =
      fromClient && incarnation.handshakeFrame === 0 && incarnation.connectedUs > 0;
    if (isHandshake) {
      incarnation.handshakeFrame = frame;
      incarnation.handshakeUs = timeUs;
      incarnation.handshakePackets = half.packets + other.packets;
      return;
    }
    if (
      incarnation.handshakeFrame > 0 &&
      half.packets + other.packets === incarnation.handshakePackets + 1 &&
      !incarnation.dataSeen &&
      acknowledgement === other.next &&
      !other.fin &&
      timeUs - incarnation.handshakeUs <= EXTRA_ACK_MAX_US
    ) {
      this.#events.extraAck({ flow, incarnation, sender, at: { frame, timeUs } });
    }
    if (!other.fin || !half.hasAcked) return;
    const beforeFin = other.finSequence;
    if (acknowledgement === beforeFin && half.acked === beforeFin) half.finHalfAckedFrame ||= frame;
    if (half.finHalfAckedFrame > 0 && acknowledgement === serialAdd(beforeFin, 1)) {
      if (half.acked === beforeFin) {
        this.#events.finAckedInSteps({ flow, incarnation, sender, at: { frame, timeUs } });
      }
    }
  }

  #rememberData(
    flow: Flow,
    incarnation: Incarnation,
    half: Half,
    segment: Segment,
    packet: Packet,
    fromClient: boolean,
    timeUs: number,
  ): void {
    const checksum = read16(packet.bytes, segment.transportAt + 16);
    if (half.stale && isStaleOverwritten(half.stale, segment, checksum)) {
      const sender = fromClient ? "client" : "server";
      const at = { frame: packet.frame, timeUs };
      const copy = half.stale;
      const other = fromClient ? incarnation.server : incarnation.client;
      if (coversEnd(other, copy.print)) {
        half.stale = undefined;
        const reason = "overwritten";
        this.#events.staleAccepted({ flow, incarnation, sender, at, copy, reason });
      }
    }
    const old = flow.previous;
    if (old) {
      const originalFrame = findStaleCopy(fromClient ? old.client : old.server, segment, checksum);
      if (originalFrame > 0) {
        const print = dataPrint(segment, checksum, packet.frame);
        half.stale ??= { print, originalFrame, frame: packet.frame, timeUs };
      }
    }
    rememberPrint(half, segment, checksum, packet.frame);
  }

  /** The receiver of a stale copy acknowledges it: those bytes were never sent to it. */
  #staleSettles(
    flow: Flow,
    incarnation: Incarnation,
    receiver: Half,
    sender: Half,
    receiverIsClient: boolean,
    frame: number,
    timeUs: number,
  ): void {
    const copy = sender.stale;
    if (!copy || !coversEnd(receiver, copy.print)) return;
    const { isn } = receiver;
    // Its acknowledgement number belongs to the old connection: outside what the receiver has sent.
    const foreign =
      isn !== undefined &&
      (serialDistance(isn, copy.print.acknowledgement) <= 0 ||
        serialDistance(receiver.next, copy.print.acknowledgement) > 0);
    if (!foreign) return;
    sender.stale = undefined;
    this.#events.staleAccepted({
      flow,
      incarnation,
      sender: receiverIsClient ? "server" : "client",
      at: { frame, timeUs },
      copy,
      reason: "old-acknowledgement",
    });
  }
}

/** Of two SYN-ACKs the client's first ACK tells which one it took. */
function chooseServerIsn({ client, server, secondIsn }: Incarnation, segment: Segment): void {
  if (client.hasAcked || secondIsn === undefined) return;
  if (segment.acknowledgement !== serialAdd(secondIsn, 1)) return;
  server.isn = secondIsn;
  server.next = segment.acknowledgement;
}

function advance(half: Half, segment: Segment, frame: number, timeUs: number): void {
  const { sequence } = segment;
  const end = serialAdd(sequence, segment.sequenceLength);
  if ((segment.flags & SYN) !== 0) half.isn ??= sequence;
  if (half.sent && serialAfter(sequence, half.next)) half.gaps += 1;
  if (!half.sent || serialAfter(end, half.next)) half.next = end;
  half.sent = true;
  if ((segment.flags & FIN) === 0 || half.fin) return;
  half.fin = true;
  half.finSequence = serialAdd(end, -1);
  half.finFrame = frame;
  half.finUs = timeUs;
}

/** The receiver's acknowledgements reach the end of the segment. */
function coversEnd(receiver: Half, print: { sequence: number; length: number }): boolean {
  const end = serialAdd(print.sequence, print.length);
  return receiver.hasAcked && serialDistance(end, receiver.acked) >= 0;
}
