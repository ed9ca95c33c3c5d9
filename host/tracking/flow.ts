/**
 * A 4-tuple and its successive connections (incarnations), both directions alike. The client is who
 * sent the SYN; a flow keeps its ends in a fixed order, A and B, because the roles can change.
 */

import { address } from "../capture/segment.ts";
import type { Tuple } from "../core/tuple.ts";
import { ipv4Text } from "./address-text.ts";
import { Half } from "./half.ts";
import type { HostRestarts } from "./restarts.ts";

/**
 * What fields for times and addresses hold before `begin`, so that the engine makes room for any
 * number in them at once: code that was compiled for small ones is thrown away at the first large one.
 */
const FRACTION = 0.5;

export type Side = "client" | "server";

/** A plain ACK, a SYN-ACK or a RST that answered a SYN without acknowledging it. */
export interface OddAnswer {
  readonly sequence: number;
  readonly acknowledgement: number;
  /** Undefined without the timestamp option. */
  readonly tsecr: number | undefined;
  readonly frame: number;
  readonly timeUs: number;
  readonly synUs: number;
}

/**
 * One connection, or one attempt at one. Times are microseconds since the capture's first packet.
 * The object is used again for another connection (flow-pool.ts): copy what has to last.
 */
export class Incarnation {
  clientIsA = false;
  /** The tunnel that its first packet came in (TUNNEL in segment.ts); 0: none. */
  tunnel = 0;
  readonly client = new Half();
  readonly server = new Half();
  /** The capture shows the SYN; otherwise who is the client may be a guess. */
  sawSyn = false;
  openedUs = FRACTION;
  openedFrame = 0;

  #hostTsval = 0;
  #hasHostTsval = false;
  /** Number of the opening in the log of its host, while it is unanswered; 0: none. */
  opening = 0;
  #synTsval = 0;
  #hasSynTsval = false;
  syns = 0;
  synUs = FRACTION;
  synFrame = 0;
  synIntervalUs = FRACTION;
  /** Frame and time of the SYN-ACK that acknowledges the SYN; 0: none. */
  connectedFrame = 0;
  connectedUs = FRACTION;
  /** Frame and time of the ACK that completes the handshake; 0: none. */
  handshakeFrame = 0;
  handshakeUs = FRACTION;
  /** Packets of both sides until then. */
  handshakePackets = 0;
  dataSeen = false;
  /** Plain ACKs of something else; `challenge` is the first one, and was told once it is sure. */
  challenges = 0;
  challenge: OddAnswer | undefined;
  challengeTold = false;
  wrongAcks = 0;
  wrongAck: OddAnswer | undefined;
  wrongAckTold = false;
  /** SYN-ACKs that fit, but came from another address or port; `strayFrom` says from where. */
  strayAnswers = 0;
  strayFrame = 0;
  strayFrom: string | undefined;
  /** RSTs of the server that refuse the SYN, and when the last one came. */
  refusals = 0;
  refusedFrame = 0;
  refusedUs = FRACTION;
  /** RSTs that answer the SYN and that a client in SYN-SENT must not accept; the first one. */
  wrongResets = 0;
  wrongReset: OddAnswer | undefined;
  /** The client's first RST that answers the challenge ACK; 0: none. */
  rescueFrame = 0;
  /** Such RSTs that the server answered by one more plain ACK: they did not clear what it holds. */
  vainRescues = 0;
  /** A RST of that kind was sent, and the server has not answered since. */
  rescuePending = false;
  /** ISN of a second SYN-ACK with another number; undefined: none came. */
  secondIsn: number | undefined;
  /** RSTs whose number is not the one that is due (RFC 5961 §3.2), the first and the last of them. */
  doubtfulResets = 0;
  doubtfulFrame = 0;
  doubtfulUs = FRACTION;
  doubtfulSequence = 0;
  /** The last packet of note was such a RST; how many the other side answered by an ACK. */
  doubtPending = false;
  resetAnswers = 0;
  /** Packets of the other side after a RST that it had to obey. */
  afterReset = 0;
  resetIgnored = false;
  resetBy: Side | undefined;
  resetFrame = 0;
  resetUs = FRACTION;
  closedFirst: Side | undefined;
  keepalives = 0;
  lastUs = FRACTION;
  lastFrame = 0;
  longestSilenceUs = FRACTION;
  /** The frame that ended the longest silence. */
  longestSilenceFrame = 0;

  constructor(clientIsA: boolean, sawSyn: boolean, frame: number, timeUs: number) {
    this.begin(clientIsA, sawSyn, frame, timeUs);
  }

  /** As a new one, whatever it was before. */
  begin(clientIsA: boolean, sawSyn: boolean, frame: number, timeUs: number): void {
    this.client.begin();
    this.server.begin();
    this.#hostTsval = 0;
    this.#hasHostTsval = false;
    this.opening = 0;
    this.#synTsval = 0;
    this.#hasSynTsval = false;
    this.syns = 0;
    this.synUs = 0;
    this.synFrame = 0;
    this.synIntervalUs = 0;
    this.connectedFrame = 0;
    this.connectedUs = 0;
    this.handshakeFrame = 0;
    this.handshakeUs = 0;
    this.handshakePackets = 0;
    this.dataSeen = false;
    this.challenges = 0;
    this.challenge = undefined;
    this.challengeTold = false;
    this.strayAnswers = 0;
    this.strayFrame = 0;
    this.strayFrom = undefined;
    this.refusals = 0;
    this.refusedFrame = 0;
    this.refusedUs = 0;
    this.wrongResets = 0;
    this.wrongReset = undefined;
    this.vainRescues = 0;
    this.rescuePending = false;
    this.secondIsn = undefined;
    this.wrongAcks = 0;
    this.wrongAck = undefined;
    this.wrongAckTold = false;
    this.rescueFrame = 0;
    this.doubtfulResets = 0;
    this.doubtfulFrame = 0;
    this.doubtfulUs = 0;
    this.doubtfulSequence = 0;
    this.doubtPending = false;
    this.resetAnswers = 0;
    this.afterReset = 0;
    this.resetIgnored = false;
    this.resetBy = undefined;
    this.resetFrame = 0;
    this.resetUs = 0;
    this.closedFirst = undefined;
    this.keepalives = 0;
    this.longestSilenceUs = 0;
    this.longestSilenceFrame = 0;
    this.clientIsA = clientIsA;
    this.tunnel = 0;
    this.sawSyn = sawSyn;
    this.openedUs = timeUs;
    this.openedFrame = frame;
    this.lastUs = timeUs;
    this.lastFrame = frame;
  }

  /** Highest TSval that the server had taken from the client's address when the SYN was sent, while it is unanswered. */
  get hostTsval(): number | undefined {
    return this.#hasHostTsval ? this.#hostTsval >>> 0 : undefined;
  }

  set hostTsval(value: number | undefined) {
    this.#hasHostTsval = value !== undefined;
    this.#hostTsval = (value ?? 0) | 0;
  }

  /** TSval of the first SYN that has one. */
  get synTsval(): number | undefined {
    return this.#hasSynTsval ? this.#synTsval >>> 0 : undefined;
  }

  set synTsval(value: number | undefined) {
    this.#hasSynTsval = value !== undefined;
    this.#synTsval = (value ?? 0) | 0;
  }

  /** Both sides have used numbers: it was a connection, not only an attempt. */
  get connected(): boolean {
    return this.connectedFrame > 0 || !this.sawSyn;
  }

  get bothFins(): boolean {
    return this.client.fin && this.server.fin;
  }

  get closed(): boolean {
    return this.resetBy !== undefined || this.bothFins;
  }
}

/** The object is used again for another 4-tuple (flow-pool.ts): copy what has to last. */
export class Flow {
  family: 4 | 6 = 4;
  a0 = FRACTION;
  a1 = FRACTION;
  a2 = FRACTION;
  a3 = FRACTION;
  aPort = 0;
  b0 = FRACTION;
  b1 = FRACTION;
  b2 = FRACTION;
  b3 = FRACTION;
  bPort = 0;

  current: Incarnation;
  /** The last incarnation before `current` that was a connection. */
  previous: Incarnation | undefined;
  /** What is remembered of the client's host, once it has opened a connection here. */
  clientHost: HostRestarts | undefined;
  /** Incarnations seen, attempts included. */
  incarnations = 1;
  /** ISN and time of the attempt before the current one, if it was of the same client and is remembered. */
  earlierIsn: number | undefined;
  earlierOpenedUs = FRACTION;

  /** Its places in the table and in the pool: theirs alone. */
  slot = -1;
  place = -1;

  /** The addresses as texts, made when they are asked for. */
  #aText: string | undefined;
  #bText: string | undefined;

  constructor(ends: Ends, current: Incarnation) {
    this.current = current;
    this.begin(ends, current);
  }

  /** As a new one, whatever it was before. */
  begin(ends: Ends, current: Incarnation): void {
    this.family = ends.family;
    this.a0 = ends.source0;
    this.a1 = ends.source1;
    this.a2 = ends.source2;
    this.a3 = ends.source3;
    this.aPort = ends.sourcePort;
    this.b0 = ends.target0;
    this.b1 = ends.target1;
    this.b2 = ends.target2;
    this.b3 = ends.target3;
    this.bPort = ends.targetPort;
    this.current = current;
    this.previous = undefined;
    this.clientHost = undefined;
    this.incarnations = 1;
    this.earlierIsn = undefined;
    this.earlierOpenedUs = 0;
    this.slot = -1;
    this.#aText = undefined;
    this.#bText = undefined;
  }

  get clientPort(): number {
    return this.current.clientIsA ? this.aPort : this.bPort;
  }

  get serverPort(): number {
    return this.current.clientIsA ? this.bPort : this.aPort;
  }

  /** Address of the client of the current incarnation, as text. */
  clientAddress(): string {
    return this.#textOf(this.current.clientIsA);
  }

  serverAddress(): string {
    return this.#textOf(!this.current.clientIsA);
  }

  /** The tuple as the client of the current incarnation sees it. */
  tuple(): Tuple {
    return {
      localAddress: this.clientAddress(),
      localPort: this.clientPort,
      remoteAddress: this.serverAddress(),
      remotePort: this.serverPort,
    };
  }

  #textOf(ofA: boolean): string {
    if (ofA) {
      this.#aText ??= this.#address(true);
      return this.#aText;
    }
    this.#bText ??= this.#address(false);
    return this.#bText;
  }

  #address(ofA: boolean): string {
    const { family } = this;
    if (family === 4) return ipv4Text(ofA ? this.a0 : this.b0);
    if (ofA) return address(family, this.a0, this.a1, this.a2, this.a3).text;
    return address(family, this.b0, this.b1, this.b2, this.b3).text;
  }
}

/** The two ends of a packet; a decoded segment is one. */
export interface Ends {
  readonly family: 4 | 6;
  readonly source0: number;
  readonly source1: number;
  readonly source2: number;
  readonly source3: number;
  readonly target0: number;
  readonly target1: number;
  readonly target2: number;
  readonly target3: number;
  readonly sourcePort: number;
  readonly targetPort: number;
}
