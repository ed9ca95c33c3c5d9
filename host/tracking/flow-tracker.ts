/**
 * Follows every connection of a capture in both directions and tells what happens (RFC 9293 §3.4,
 * §3.10.7). It draws no conclusions: those are the diagnoses'.
 */

import type { Packet } from "../capture/packet.ts";
import { ACK, FIN, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd, serialDistance } from "../core/serial.ts";
import { endpointText } from "../core/tuple.ts";
import {
  acknowledgesSyn,
  countSyn,
  heard,
  isRepeatedSyn,
  noteReset,
  oddAnswer,
} from "./attempt.ts";
import { AwaitedAnswers } from "./awaited-answers.ts";
import type { AnsweredAttempt, CaptureEvents } from "./capture-events.ts";
import { ConnectionAccounts } from "./connection-accounts.ts";
import { ConnectionSteps } from "./connection-steps.ts";
import type { Flow, Incarnation, OddAnswer, Side } from "./flow.ts";
import { isForward } from "./flow-ends.ts";
import { FlowTable } from "./flow-table.ts";
import { finAcked } from "./peer-state.ts";

export interface FlowTrackerOptions {
  /** How long a silent connection is remembered: 2 × MSL. */
  readonly foldAfterUs: number;
  readonly flowsMax: number;
}

/** What the last packet was to its connection. */
export type Step =
  | "syn"
  | "syn-again"
  | "syn-ack"
  | "challenge"
  | "wrong-ack"
  | "rst"
  | "stray"
  | "segment";

/** As many bytes of a connection may be missing from the capture behind its SYN. */
const GONE_ON_MAX = 2 ** 20;

/**
 * Called for each incarnation that is over or folded away: it is `current` of the flow, which is only
 * made if it is asked for.
 */
export type Forgotten = (flow: () => Flow) => void;

export class FlowTracker {
  /** The flow of the last packet, who sent it, and what it was. */
  flow: Flow | undefined;
  sender: Side = "client";
  step: Step = "segment";
  connections = 0;
  midstream = 0;
  foldedEarly = 0;

  readonly #table = new FlowTable();
  readonly #steps = new ConnectionSteps();
  readonly #awaited = new AwaitedAnswers();
  readonly #events: CaptureEvents;
  readonly #accounts: ConnectionAccounts;
  readonly #forgotten: Forgotten;
  readonly #foldAfterUs: number;
  readonly #flowsMax: number;

  constructor(options: FlowTrackerOptions, events: CaptureEvents, forgotten: Forgotten) {
    this.#events = events;
    this.#accounts = new ConnectionAccounts(events);
    this.#forgotten = forgotten;
    this.#foldAfterUs = options.foldAfterUs;
    this.#flowsMax = options.flowsMax;
  }

  /** Packets are missing from the capture, as gaps in numbers and ACKs of what was not seen show. */
  get hasLosses(): boolean {
    return this.#accounts.losses > 0;
  }

  get remembered(): number {
    return this.#table.size;
  }

  /** Takes the next TCP segment. `timeUs` must not go back from call to call. */
  observe(segment: Segment, packet: Packet, timeUs: number): void {
    this.#fold(timeUs);
    const { flags } = segment;
    const { frame } = packet;
    let flow = this.#table.find(segment);
    const isSyn = (flags & SYN) !== 0;
    if (!flow && (isSyn || (flags & RST) !== 0) && this.#isStray(segment, frame)) return;
    if (!flow) {
      // A RST without a connection answers somebody's stray segment; it tells nothing.
      flow = this.#begin(segment, frame, timeUs);
      if (isSyn && (flags & ACK) === 0) {
        this.#note(flow, "client", "syn");
        this.#open(flow, segment, frame, timeUs);
        return;
      }
    } else if (isSyn && (flags & ACK) === 0) {
      this.#syn(flow, segment, frame, timeUs);
      return;
    }
    if (isSyn && isOfUnseenSyn(flow, segment)) this.#beginUnseen(flow, segment, frame, timeUs);
    const incarnation = flow.current;
    const fromClient = isForward(flow, segment) === incarnation.clientIsA;
    this.#note(flow, fromClient ? "client" : "server", "segment");
    this.#table.touch(flow, timeUs);
    heard(incarnation, frame, timeUs);
    if (!incarnation.connected) {
      if (!this.#beforeConnection(flow, incarnation, segment, fromClient, frame, timeUs)) return;
    } else if ((flags & RST) !== 0) this.step = "rst";
    else if (fromClient && isFromAnswer(incarnation, segment.sequence)) {
      // Two numberings of one connection: a box on the way rewrites them, and nobody answered wrongly.
      incarnation.wrongAck = undefined;
      incarnation.wrongAcks = 0;
    } else if (isSyn) this.step = "syn-ack";
    const hadAcked = incarnation.client.hasAcked;
    this.#accounts.take(flow, incarnation, segment, packet, fromClient, timeUs);
    if (!hadAcked && incarnation.client.hasAcked) this.#clientHasChosen(flow, incarnation);
    if (incarnation.closed && isQuiet(incarnation)) this.#table.rest(flow);
  }

  /** Ends every connection: the capture is over. Those at rest are told as long as they are wanted. */
  end(wantsResting: () => boolean): void {
    this.#table.removeAll((flow, atRest) => {
      if (atRest) this.#forgotten(flow);
      else this.#settle(flow(), true);
    }, wantsResting);
  }

  #note(flow: Flow, sender: Side, step: Step): void {
    this.flow = flow;
    this.sender = sender;
    this.step = step;
  }

  #begin(segment: Segment, frame: number, timeUs: number): Flow {
    if (this.#table.size >= this.#flowsMax) {
      this.foldedEarly += 1;
      this.#forgetOldest();
    }
    const isSyn = (segment.flags & SYN) !== 0;
    const isAck = (segment.flags & ACK) !== 0;
    const isClient = isSyn ? !isAck : looksLikeClient(segment);
    const sawSyn = isSyn && !isAck;
    this.connections += 1;
    if (!sawSyn) this.midstream += 1;
    const flow = this.#table.add(segment, isClient, sawSyn, frame, timeUs);
    flow.current.tunnel = segment.tunnel;
    return flow;
  }

  #syn(flow: Flow, segment: Segment, frame: number, timeUs: number): void {
    const { current } = flow;
    const isFromA = isForward(flow, segment);
    this.#table.touch(flow, timeUs);
    if (isFromA === current.clientIsA && isRepeatedSyn(current, segment, timeUs)) {
      this.#note(flow, "client", "syn-again");
      heard(current, frame, timeUs);
      // A client that was connected would not ask again.
      this.#confirmAnswers(flow, current, true);
      // A RST that refused it is over: it asks once more.
      if (current.resetBy === "server") current.resetBy = undefined;
      current.synIntervalUs = timeUs - current.synUs;
      countSyn(current, segment, frame, timeUs);
      return;
    }
    this.#settle(flow, false);
    this.#table.renew(flow, isFromA, frame, timeUs);
    flow.current.tunnel = segment.tunnel;
    this.connections += 1;
    this.#note(flow, "client", "syn");
    this.#open(flow, segment, frame, timeUs);
  }

  #open(flow: Flow, segment: Segment, frame: number, timeUs: number): void {
    const attempt = flow.current;
    const { client } = attempt;
    client.isn = segment.sequence;
    // Data in the SYN (RFC 7413) uses numbers as any other does.
    client.next = serialAdd(segment.sequence, segment.sequenceLength);
    client.sent = true;
    countSyn(attempt, segment, frame, timeUs);
    this.#awaited.add(segment);
    this.#events.opened(this.#steps.attempt(flow, segment, frame, timeUs));
  }

  /** The client has completed its first handshake on the tuple: a TCP chose the ISN, no scanner. */
  #clientHasChosen(flow: Flow, { sawSyn, client, openedFrame, openedUs }: Incarnation): void {
    if (!sawSyn || flow.previous || client.isn === undefined) return;
    const { isn } = client;
    this.#events.isnChosen(this.#steps.isnChosen(flow, "client", isn, openedFrame, openedUs));
  }

  /** A SYN-ACK from another address or port than the SYN went to, or the RST that it gets. */
  #isStray(segment: Segment, frame: number): boolean {
    const found = this.#awaited.strayOf(segment);
    if (!found) return false;
    const flow = this.#table.find(found);
    if (!flow || flow.current.connected || !flow.current.sawSyn) return false;
    this.#note(flow, "server", "stray");
    if ((segment.flags & SYN) === 0) return true;
    const attempt = flow.current;
    attempt.strayAnswers += 1;
    attempt.strayFrame ||= frame;
    attempt.strayFrom ??= endpointText(segment.sourceAddress.text, segment.sourcePort);
    return true;
  }

  /** A segment while the SYN is unanswered; true if it belongs to the new connection. */
  #beforeConnection(
    flow: Flow,
    attempt: Incarnation,
    segment: Segment,
    fromClient: boolean,
    frame: number,
    timeUs: number,
  ): boolean {
    const { flags, acknowledgement, sequence } = segment;
    const isAck = (flags & ACK) !== 0;
    const fits = isAck && acknowledgesSyn(attempt, acknowledgement);
    const { previous } = flow;
    const at = { frame, timeUs };
    if ((flags & RST) !== 0) {
      this.step = "rst";
      if (fromClient) this.#confirmAnswers(flow, attempt, true);
      noteReset(attempt, segment, fromClient, fits, at);
      return false;
    }
    if (fromClient) {
      // Data with the SYN-ACK missing from the capture: the connection stands all the same.
      if (isAck && goesOn(attempt, sequence)) {
        // It goes on from its own SYN, so a SYN-ACK of something else was one.
        this.#confirmWrongAck(flow, attempt, true);
        this.#standsUnseen(attempt, frame);
      } else if (isAck && isFromAnswer(attempt, sequence)) this.#standsByOther(attempt, frame);
      return attempt.connectedFrame > 0;
    }
    if ((flags & SYN) !== 0) {
      if (!fits) {
        this.step = "wrong-ack";
        attempt.wrongAcks += 1;
        attempt.wrongAck ??= oddAnswer(segment, attempt, at);
        return false;
      }
      this.step = "syn-ack";
      this.#connect(flow, attempt, segment, frame, timeUs);
      return true;
    }
    if (!isAck) return false;
    if (segment.payloadLength > 0 || (flags & FIN) !== 0) {
      // Data for this very SYN, of a connection whose beginning is missing from the capture.
      if (previous || !goesOn(attempt, acknowledgement)) return false;
      this.#standsUnseen(attempt, frame);
      return true;
    }
    if (!fits) {
      this.step = "challenge";
      attempt.challenges += 1;
      attempt.challenge ??= oddAnswer(segment, attempt, at);
      if (attempt.rescuePending) attempt.vainRescues += 1;
      attempt.rescuePending = false;
    }
    return false;
  }

  /** The SYN-ACK is missing from the capture, and what looked like a challenge was an ordinary ACK. */
  #standsUnseen(attempt: Incarnation, frame: number): void {
    attempt.connectedFrame = frame;
    if (attempt.challengeTold) return;
    attempt.challenges = 0;
    attempt.challenge = undefined;
  }

  /** The SYN that the SYN-ACK answers is missing from the capture: the client goes on from there. */
  #standsByOther(attempt: Incarnation, frame: number): void {
    const { client, wrongAck } = attempt;
    if (!wrongAck) return;
    attempt.connectedFrame = frame;
    attempt.wrongAcks = 0;
    attempt.wrongAck = undefined;
    client.isn = serialAdd(wrongAck.acknowledgement, -1);
    client.next = wrongAck.acknowledgement;
    const { server } = attempt;
    server.isn = wrongAck.sequence;
    server.next = serialAdd(wrongAck.sequence, 1);
    server.sent = true;
  }

  /** Tells the odd answers once it is sure that the client has not gone on in their numbering. */
  #confirmAnswers(flow: Flow, attempt: Incarnation, isConfirmed: boolean): void {
    this.#confirmChallenge(flow, attempt, isConfirmed);
    this.#confirmWrongAck(flow, attempt, isConfirmed);
  }

  #confirmChallenge(flow: Flow, attempt: Incarnation, isConfirmed: boolean): void {
    const { challenge } = attempt;
    if (!challenge || attempt.challengeTold) return;
    attempt.challengeTold = true;
    this.#events.challenged(this.#answered(flow, challenge, isConfirmed));
  }

  #confirmWrongAck(flow: Flow, attempt: Incarnation, isConfirmed: boolean): void {
    const { wrongAck } = attempt;
    if (!wrongAck || attempt.wrongAckTold) return;
    attempt.wrongAckTold = true;
    this.#events.wronglyAnswered(this.#answered(flow, wrongAck, isConfirmed));
  }

  #answered(flow: Flow, answer: OddAnswer, isConfirmed: boolean): AnsweredAttempt {
    const { current: attempt, previous, earlierIsn } = flow;
    const at = { frame: answer.frame, timeUs: answer.timeUs };
    return { flow, attempt, previous, at, answer, isConfirmed, earlierIsn };
  }

  /** A SYN-ACK for another SYN than that of the connection, which is over: its SYN is missing. */
  #beginUnseen(flow: Flow, segment: Segment, frame: number, timeUs: number): void {
    this.#settle(flow, false);
    this.#table.renew(flow, flow.current.clientIsA, frame, timeUs);
    const { current } = flow;
    current.tunnel = segment.tunnel;
    current.sawSyn = false;
    current.client.isn = serialAdd(segment.acknowledgement, -1);
    current.client.next = segment.acknowledgement;
    current.client.sent = true;
    this.connections += 1;
    this.midstream += 1;
  }

  #connect(
    flow: Flow,
    attempt: Incarnation,
    segment: Segment,
    frame: number,
    timeUs: number,
  ): void {
    this.#confirmChallenge(flow, attempt, true);
    attempt.connectedFrame = frame;
    attempt.connectedUs = timeUs;
    attempt.resetBy = undefined;
    attempt.resetFrame = 0;
    attempt.resetUs = 0;
    this.#events.connected(this.#steps.attempt(flow, segment, frame, timeUs));
    if (flow.previous) return;
    const { sequence } = segment;
    this.#events.isnChosen(this.#steps.isnChosen(flow, "server", sequence, frame, timeUs));
  }

  #forgetOldest(): void {
    this.#table.removeOldest((flow, atRest) => {
      if (atRest) this.#forgotten(flow);
      else this.#settle(flow(), false);
    });
  }

  #settle(flow: Flow, captureEnded: boolean): void {
    const { current: attempt, previous } = flow;
    this.#confirmAnswers(flow, attempt, false);
    if (!attempt.connected) {
      const at = { frame: attempt.lastFrame, timeUs: attempt.lastUs };
      this.#events.failed({ flow, attempt, previous, at, captureEnded });
    }
    this.#forgotten(() => flow);
  }

  #fold(timeUs: number): void {
    for (;;) {
      const { oldestUs } = this.#table;
      if (oldestUs === undefined || timeUs - oldestUs <= this.#foldAfterUs) return;
      this.#forgetOldest();
    }
  }
}

/** Nothing is due any more: reset, or both FINs acknowledged. Late repetitions may still come. */
function isQuiet({ resetBy, client, server }: Incarnation): boolean {
  return resetBy !== undefined || (finAcked(client, server) && finAcked(server, client));
}

/** The number follows on the SYN: its connection has gone on from there. */
function goesOn({ client }: Incarnation, number: number): boolean {
  const ahead = serialDistance(client.isn ?? 0, number);
  return ahead >= 1 && ahead <= GONE_ON_MAX;
}

/** The client goes on from what a SYN-ACK has acknowledged, which is not the SYN that was seen. */
function isFromAnswer({ wrongAck, wrongAckTold }: Incarnation, sequence: number): boolean {
  return wrongAck !== undefined && !wrongAckTold && sequence === wrongAck.acknowledgement;
}

/** A SYN-ACK of the server of a connection that stood, which acknowledges another SYN than its own. */
function isOfUnseenSyn(flow: Flow, segment: Segment): boolean {
  const { current } = flow;
  const { client, server, clientIsA } = current;
  if (!current.connected || client.isn === undefined || isForward(flow, segment) === clientIsA) {
    return false;
  }
  if (segment.sequence === server.isn || current.handshakeFrame === 0) return false;
  return !acknowledgesSyn(current, segment.acknowledgement) || current.closed;
}

/** Who is the client where no SYN tells: the higher port. */
function looksLikeClient(segment: Segment): boolean {
  return segment.sourcePort > segment.targetPort;
}
