/** One incarnation of a 4-tuple, as far as the packets tell; the device's side is the local one. */
import type { Tuple } from "../core/tuple.ts";
import { address, type Segment } from "./segment.ts";

/**
 * The first answer to the device's SYN: `challenge-ack` is a plain ACK of something else,
 * `wrong-ack` a SYN-ACK of something else, `syn` a SYN of its own, `reset` a RST that refuses.
 */
export type SynAnswer = "none" | "syn-ack" | "challenge-ack" | "wrong-ack" | "syn" | "reset";

export class Connection {
  readonly family: 4 | 6;
  readonly localPort: number;
  readonly remotePort: number;
  readonly remote0: number;
  readonly remote1: number;
  readonly remote2: number;
  readonly remote3: number;
  readonly localAddress: string;

  /** Incarnations of this tuple that were seen before, while they were remembered. */
  readonly incarnation: number;
  /** The device accepted the connection (its first packet is a SYN-ACK). */
  passive = false;
  /** The device's ISN, u32; undefined if the capture starts after the SYN. */
  isn: number | undefined;
  /** One past the highest sequence number that the device's SYN, data and FIN have used (u32). */
  next = 0;
  /** Highest TSval that the device sent (u32), if any. */
  tsval: number | undefined;
  /** TSval of the SYN. */
  synTsval: number | undefined;

  openedUs = 0;
  openedFrame = 0;
  /** Last packet of the device, and of either side. */
  deviceUs = 0;
  deviceFrame = 0;
  lastUs = 0;

  /** Repetitions of the SYN; when the last one was sent; the time between the last two. */
  synRetransmissions = 0;
  synUs = 0;
  synIntervalUs = 0;

  answer: SynAnswer = "none";
  answerFrame = 0;
  /** The peer's ISN, once its SYN or SYN-ACK was seen. */
  peerIsn: number | undefined;
  /** One past the highest sequence number that the peer has used (u32). */
  peerNext = 0;
  peerSeen = false;
  /** Frame of the SYN-ACK that acknowledges the SYN, or 0. */
  connectedFrame = 0;
  /** ACKs and SYN-ACKs that did not acknowledge the SYN, and the numbers of the last one. */
  wrongAcks = 0;
  wrongAckSequence = 0;
  wrongAcknowledgement = 0;
  wrongAckFrame = 0;

  /** The device has sent something in this connection after its SYN. */
  established = false;
  deviceFin = false;
  peerFin = false;
  /** Who sent the first FIN: that side goes to TIME_WAIT. */
  closedFirst: "device" | "peer" | undefined;
  reset: "device" | "peer" | undefined;
  /** Boots known to the tracker when the connection was opened. */
  readonly boot: number;

  /** Chain of the hash table, list by age, and the recorder's mark: theirs alone. */
  hash = 0;
  chain: Connection | undefined;
  older: Connection | undefined;
  newer: Connection | undefined;
  reported = true;
  #tuple: Tuple | undefined;

  constructor(endpoints: Endpoints, localAddress: string, incarnation: number, boot: number) {
    this.family = endpoints.family;
    this.localPort = endpoints.localPort;
    this.remotePort = endpoints.remotePort;
    this.remote0 = endpoints.remote0;
    this.remote1 = endpoints.remote1;
    this.remote2 = endpoints.remote2;
    this.remote3 = endpoints.remote3;
    this.localAddress = localAddress;
    this.incarnation = incarnation;
    this.boot = boot;
  }

  /** Both FINs were seen, or a RST that counts. */
  get closed(): boolean {
    return this.reset !== undefined || (this.deviceFin && this.peerFin);
  }

  /** Made once: every sample of the connection carries the same object. */
  get tuple(): Tuple {
    const { family, remote0, remote1, remote2, remote3 } = this;
    this.#tuple ??= {
      localAddress: this.localAddress,
      localPort: this.localPort,
      remoteAddress: address(family, remote0, remote1, remote2, remote3).text,
      remotePort: this.remotePort,
    };
    return this.#tuple;
  }
}

/** The device's port and the remote endpoint of a segment. Used again for each packet. */
export class Endpoints {
  family: 4 | 6 = 4;
  localPort = 0;
  remotePort = 0;
  remote0 = 0;
  remote1 = 0;
  remote2 = 0;
  remote3 = 0;

  read(segment: Segment, fromDevice: boolean): void {
    this.family = segment.family;
    this.localPort = fromDevice ? segment.sourcePort : segment.targetPort;
    this.remotePort = fromDevice ? segment.targetPort : segment.sourcePort;
    this.remote0 = fromDevice ? segment.target0 : segment.source0;
    this.remote1 = fromDevice ? segment.target1 : segment.source1;
    this.remote2 = fromDevice ? segment.target2 : segment.source2;
    this.remote3 = fromDevice ? segment.target3 : segment.source3;
  }
}
