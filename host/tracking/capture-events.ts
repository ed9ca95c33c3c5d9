/** What the tracker tells of a capture, connection by connection. */
import type { Segment } from "../capture/segment.ts";
import type { Flow, Incarnation, OddAnswer, Side } from "./flow.ts";
import type { FoundBoot } from "./found-boot.ts";
import type { Half, Misfit, StaleCopy } from "./half.ts";

/** Where in the capture something happened; the time counts from its first packet. */
export interface Moment {
  readonly frame: number;
  readonly timeUs: number;
}

/** The first SYN of an attempt. `previous`: the last connection of the same 4-tuple, if remembered. */
export interface Attempt {
  readonly flow: Flow;
  readonly attempt: Incarnation;
  readonly previous: Incarnation | undefined;
  readonly at: Moment;
  readonly segment: Segment;
}

export interface AnsweredAttempt extends Omit<Attempt, "segment"> {
  readonly answer: OddAnswer;
  /** The client itself shows that it takes the answer for none of its own: by RST, or by its SYN again. */
  readonly isConfirmed: boolean;
  /** ISN of the client's own attempt before this one, where it was not connected or is remembered. */
  readonly earlierIsn: number | undefined;
}

export interface FlowEvent {
  readonly flow: Flow;
  readonly incarnation: Incarnation;
  readonly sender: Side;
  readonly at: Moment;
}

export interface MisfitEvent extends FlowEvent {
  readonly half: Half;
  readonly misfit: Misfit;
}

export interface StaleEvent extends FlowEvent {
  readonly copy: StaleCopy;
  /** Why the copy cannot belong to the new connection. */
  readonly reason: "old-acknowledgement" | "overwritten";
}

export interface SecondSynAck extends FlowEvent {
  readonly isn: number;
}

/** A RST of `sender` that the other side answers by an ACK, instead of closing, or does not obey. */
export interface ResetEvent extends FlowEvent {
  readonly segment: Segment;
}

export interface IsnChosen extends FlowEvent {
  readonly isn: number;
}

/**
 * What happens in a capture, as the tracker tells it. A judge takes what it needs at once: events,
 * flows and incarnations are used again for others.
 */
export interface CaptureEvents {
  opened(event: Attempt): void;
  /**
   * A plain ACK of something else answers the SYN (RFC 5961 §4, RFC 9293 §3.10.7.4). Told once for an
   * attempt, and only when the client has not gone on in that numbering: then the SYN-ACK is missing
   * from the capture, and the ACK is no challenge.
   */
  challenged(event: AnsweredAttempt): void;
  /**
   * A SYN-ACK of something else answers the SYN. Told once for an attempt, and only when the client has
   * not gone on from there: then it had sent another SYN, which is missing from the capture.
   */
  wronglyAnswered(event: AnsweredAttempt): void;
  /** A SYN-ACK that fits. */
  connected(event: Attempt): void;
  /** The attempt is over, or the capture is, and it was never connected. */
  failed(event: Omit<Attempt, "segment"> & { readonly captureEnded: boolean }): void;
  /** A RST with a number that is not due was answered by an ACK, once more (RFC 5961 §3.2). */
  resetAnswered(event: ResetEvent): void;
  /** One side goes on for a second after a RST with the number that it expected. */
  resetIgnored(event: FlowEvent): void;
  /** A second SYN-ACK of a connection, with another ISN. */
  secondSynAck(event: SecondSynAck): void;
  /**
   * An ISN that its owner chose freely, for a tuple that was not seen before: the server's at its SYN-ACK,
   * the client's when it completes the handshake, because a scanner's packets are not those of its TCP.
   */
  isnChosen(event: IsnChosen): void;
  booted(boot: FoundBoot): void;
  misfit(event: MisfitEvent): void;
  staleAccepted(event: StaleEvent): void;
  keepalive(event: FlowEvent): void;
  extraAck(event: FlowEvent): void;
  finAckedInSteps(event: FlowEvent): void;
}
