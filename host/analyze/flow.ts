/**
 * A 4-tuple and its successive connections (incarnations), both directions alike. The client is who
 * sent the SYN; a flow keeps its ends in a fixed order, A and B, because the roles can change.
 */

import type { ChecksumState } from "../capture/checksum.ts";
import { address } from "../capture/segment.ts";
import type { Tuple } from "../core/tuple.ts";
import { ipv4Text } from "./address-text.ts";
import type { HostRestarts } from "./restarts.ts";

export type Side = "client" | "server";

/** A data segment that was seen before, told by its numbers, length and checksum. */
export interface DataPrint {
  readonly sequence: number;
  readonly length: number;
  readonly acknowledgement: number;
  readonly checksum: number;
  readonly frame: number;
}

/**
 * What one side has sent in one incarnation. Numbers are u32; inside they are kept as i32, which the
 * engine stores in place, because boxed numbers would be most of the memory of 100,000 connections.
 */
export class Half {
  #isn = 0;
  #hasIsn = false;
  #next = 0;
  #acked = 0;
  #finSequence = 0;
  #tsval = 0;
  packets = 0;
  bytes = 0;
  sent = false;
  hasAcked = false;
  fin = false;
  finFrame = 0;
  finUs = 0;
  hasTsval = false;
  /** Window that it advertised last, in bytes. */
  window = 0;
  windowShift = 0;
  /** Segments that began beyond what was expected: packets before them are not in the capture. */
  gaps = 0;
  /** After the other side's FIN it repeated the ACK of all before the FIN; 0: it did not. */
  finHalfAckedFrame = 0;
  /** Prints of the first and the last data segment (data-prints.ts), and their frames; 0: none. */
  firstPrint = 0;
  firstCheck = 0;
  firstFrame = 0;
  lastPrint = 0;
  lastCheck = 0;
  lastFrame = 0;
  /** A number that does not fit, until the next segment tells what it was. */
  misfit: Misfit | undefined;
  /** A late copy of an earlier incarnation's segment, until the other side acknowledges it. */
  stale: StaleCopy | undefined;

  /** Known once its SYN or SYN-ACK was seen. */
  get isn(): number | undefined {
    return this.#hasIsn ? this.#isn >>> 0 : undefined;
  }

  set isn(value: number | undefined) {
    this.#hasIsn = value !== undefined;
    this.#isn = (value ?? 0) | 0;
  }

  /** One past the highest sequence number that SYN, data and FIN have used; valid if `sent`. */
  get next(): number {
    return this.#next >>> 0;
  }

  set next(value: number) {
    this.#next = value | 0;
  }

  /** Highest acknowledgement number it has sent; valid if `hasAcked`. */
  get acked(): number {
    return this.#acked >>> 0;
  }

  set acked(value: number) {
    this.#acked = value | 0;
  }

  /** Sequence number of the FIN itself. */
  get finSequence(): number {
    return this.#finSequence >>> 0;
  }

  set finSequence(value: number) {
    this.#finSequence = value | 0;
  }

  /** Highest TSval; valid if `hasTsval`. */
  get tsval(): number {
    return this.#tsval >>> 0;
  }

  set tsval(value: number) {
    this.#tsval = value | 0;
  }
}

export interface Misfit {
  readonly field: "sequence" | "acknowledgement";
  readonly seen: number;
  readonly due: number;
  readonly frame: number;
  readonly timeUs: number;
  readonly checksum: ChecksumState;
  /** Whether the checksum fits if the number that was due is put in. */
  readonly checksumFitsDue: boolean;
  readonly timeToLive: number;
  readonly length: number;
}

export interface StaleCopy {
  readonly print: DataPrint;
  readonly frame: number;
  readonly timeUs: number;
  /** Frame of the segment that it is a copy of. */
  readonly originalFrame: number;
}

/** A plain ACK, or a SYN-ACK, that answered a SYN without acknowledging it. */
export interface OddAnswer {
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly frame: number;
  readonly timeUs: number;
  readonly synUs: number;
}

/** One connection, or one attempt at one. Times are microseconds since the capture's first packet. */
export class Incarnation {
  readonly clientIsA: boolean;
  readonly client = new Half();
  readonly server = new Half();
  /** The capture shows the SYN; otherwise who is the client may be a guess. */
  readonly sawSyn: boolean;
  readonly openedUs: number;
  readonly openedFrame: number;

  synTsval: number | undefined;
  syns = 0;
  synUs = 0;
  synFrame = 0;
  synIntervalUs = 0;
  /** Frame and time of the SYN-ACK that acknowledges the SYN; 0: none. */
  connectedFrame = 0;
  connectedUs = 0;
  /** Frame and time of the ACK that completes the handshake; 0: none. */
  handshakeFrame = 0;
  handshakeUs = 0;
  /** Packets of both sides until then. */
  handshakePackets = 0;
  dataSeen = false;
  challenges = 0;
  challenge: OddAnswer | undefined;
  wrongAcks = 0;
  wrongAck: OddAnswer | undefined;
  /** The client's RST that answers the challenge ACK; 0: none. */
  rescueFrame = 0;
  resetBy: Side | undefined;
  resetFrame = 0;
  resetUs = 0;
  closedFirst: Side | undefined;
  keepalives = 0;
  lastUs: number;
  lastFrame: number;
  longestSilenceUs = 0;
  /** The frame that ended the longest silence. */
  longestSilenceFrame = 0;

  constructor(clientIsA: boolean, sawSyn: boolean, frame: number, timeUs: number) {
    this.clientIsA = clientIsA;
    this.sawSyn = sawSyn;
    this.openedUs = timeUs;
    this.openedFrame = frame;
    this.lastUs = timeUs;
    this.lastFrame = frame;
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

export class Flow {
  readonly family: 4 | 6;
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  readonly aPort: number;
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly b3: number;
  readonly bPort: number;

  current: Incarnation;
  /** The last incarnation before `current` that was a connection. */
  previous: Incarnation | undefined;
  /** What is remembered of the client's host, once it has opened a connection here. */
  clientHost: HostRestarts | undefined;
  /** Incarnations seen, attempts included. */
  incarnations = 1;

  /** Its place in the table: the table's alone. */
  slot = -1;

  constructor(ends: Ends, current: Incarnation) {
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
  }

  get clientPort(): number {
    return this.current.clientIsA ? this.aPort : this.bPort;
  }

  get serverPort(): number {
    return this.current.clientIsA ? this.bPort : this.aPort;
  }

  /** Address of the client of the current incarnation, as text. */
  clientAddress(): string {
    return this.#address(this.current.clientIsA);
  }

  serverAddress(): string {
    return this.#address(!this.current.clientIsA);
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
