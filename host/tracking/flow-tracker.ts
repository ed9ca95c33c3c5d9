/**
 * Follows every connection of a capture in both directions and tells what happens (RFC 9293 §3.4,
 * §3.10.7). It draws no conclusions: those are the diagnoses'.
 */

import type { Packet } from "../capture/packet.ts";
import { ACK, FIN, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd } from "../core/serial.ts";
import { countSyn, heard, isRepeatedSyn, noteReset } from "./attempt.ts";
import type { CaptureEvents } from "./capture-events.ts";
import { ConnectionAccounts } from "./connection-accounts.ts";
import { ConnectionSteps } from "./connection-steps.ts";
import type { Flow, Incarnation, Side } from "./flow.ts";
import { isForward } from "./flow-ends.ts";
import { FlowTable } from "./flow-table.ts";
import { finAcked } from "./peer-state.ts";

export interface FlowTrackerOptions {
  /** How long a silent connection is remembered: 2 × MSL. */
  readonly foldAfterUs: number;
  readonly flowsMax: number;
}

/** What the last packet was to its connection. */
export type Step = "syn" | "syn-again" | "syn-ack" | "challenge" | "wrong-ack" | "rst" | "segment";

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
    const incarnation = flow.current;
    const fromClient = isForward(flow, segment) === incarnation.clientIsA;
    this.#note(flow, fromClient ? "client" : "server", "segment");
    this.#table.touch(flow, timeUs);
    heard(incarnation, frame, timeUs);
    if (!incarnation.connected) {
      if (!this.#beforeConnection(flow, incarnation, segment, fromClient, frame, timeUs)) return;
    } else if ((flags & RST) !== 0) this.step = "rst";
    else if (isSyn) this.step = "syn-ack";
    this.#accounts.take(flow, incarnation, segment, packet, fromClient, timeUs);
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
    return this.#table.add(segment, isClient, sawSyn, frame, timeUs);
  }

  #syn(flow: Flow, segment: Segment, frame: number, timeUs: number): void {
    const { current } = flow;
    const isFromA = isForward(flow, segment);
    this.#table.touch(flow, timeUs);
    if (isFromA === current.clientIsA && isRepeatedSyn(current, segment, timeUs)) {
      this.#note(flow, "client", "syn-again");
      heard(current, frame, timeUs);
      current.synIntervalUs = timeUs - current.synUs;
      countSyn(current, segment, frame, timeUs);
      return;
    }
    this.#settle(flow, false);
    this.#table.renew(flow, isFromA, frame, timeUs);
    this.connections += 1;
    this.#note(flow, "client", "syn");
    this.#open(flow, segment, frame, timeUs);
  }

  #open(flow: Flow, segment: Segment, frame: number, timeUs: number): void {
    const attempt = flow.current;
    const { client } = attempt;
    client.isn = segment.sequence;
    client.next = serialAdd(segment.sequence, 1);
    client.sent = true;
    countSyn(attempt, segment, frame, timeUs);
    this.#events.opened(this.#steps.attempt(flow, segment, frame, timeUs));
    if (flow.incarnations > 1) return;
    this.#events.isnChosen(this.#steps.isnChosen(flow, "client", segment, frame, timeUs));
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
    const fits = isAck && acknowledgement === attempt.client.next;
    const { previous } = flow;
    if ((flags & RST) !== 0) {
      this.step = "rst";
      noteReset(attempt, segment, fromClient, fits, { frame, timeUs });
      return false;
    }
    if (fromClient) {
      // Data with the SYN-ACK missing from the capture: the connection stands all the same.
      if (isAck && sequence === attempt.client.next) attempt.connectedFrame = frame;
      return attempt.connectedFrame > 0;
    }
    if ((flags & SYN) !== 0) {
      if (!fits) {
        const at = { frame, timeUs };
        const answer = { sequence, acknowledgement, frame, timeUs, synUs: attempt.synUs };
        this.step = "wrong-ack";
        attempt.wrongAcks += 1;
        attempt.wrongAck ??= answer;
        const first = attempt.wrongAcks === 1;
        this.#events.wronglyAnswered({ flow, attempt, previous, at, segment, answer, first });
        return false;
      }
      this.step = "syn-ack";
      this.#connect(flow, attempt, segment, frame, timeUs);
      return true;
    }
    if (isAck && !fits && segment.payloadLength === 0 && (flags & FIN) === 0) {
      this.step = "challenge";
      const at = { frame, timeUs };
      const answer = { sequence, acknowledgement, frame, timeUs, synUs: attempt.synUs };
      attempt.challenges += 1;
      attempt.challenge ??= answer;
      const first = attempt.challenges === 1;
      this.#events.challenged({ flow, attempt, previous, at, segment, answer, first });
    }
    return false;
  }

  #connect(
    flow: Flow,
    attempt: Incarnation,
    segment: Segment,
    frame: number,
    timeUs: number,
  ): void {
    attempt.connectedFrame = frame;
    attempt.connectedUs = timeUs;
    this.#events.connected(this.#steps.attempt(flow, segment, frame, timeUs));
    if (flow.incarnations > 1) return;
    this.#events.isnChosen(this.#steps.isnChosen(flow, "server", segment, frame, timeUs));
  }

  #forgetOldest(): void {
    this.#table.removeOldest((flow, atRest) => {
      if (atRest) this.#forgotten(flow);
      else this.#settle(flow(), false);
    });
  }

  #settle(flow: Flow, captureEnded: boolean): void {
    const { current: attempt, previous } = flow;
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

/** Who is the client where no SYN tells: the higher port. */
function looksLikeClient(segment: Segment): boolean {
  return segment.sourcePort > segment.targetPort;
}
