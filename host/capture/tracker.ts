/**
 * Follows the TCP connections of one device through a capture: which packets belong to one
 * incarnation of a 4-tuple, and how far it has used its sequence numbers (RFC 9293 §3.4).
 */
import type { Address } from "../core/address.ts";
import { serialAdd, serialAfter, serialDistance, serialForward } from "../core/serial.ts";
import { Connection, Endpoints } from "./connection.ts";
import { ConnectionTable } from "./connection-table.ts";
import { answerToSyn, deviceReset, peerReset, peerSegment } from "./peer-answers.ts";
import { ACK, addressWords, FIN, RST, type Segment, SYN } from "./segment.ts";
import { isSynRetransmission } from "./syn-retransmission.ts";

/**
 * What a segment was. `open`: the first SYN (or SYN-ACK) of a new incarnation; `syn-again`: its
 * repetition; `device`, `peer`: any other segment, by sender; `foreign`: not the device's.
 */
export type TrackOutcome = "open" | "syn-again" | "device" | "peer" | "foreign";

export interface TrackerOptions {
  readonly device: Address;
  /** How long a silent connection is remembered: 2 × MSL by default (RFC 9293 §3.4.3). */
  readonly foldAfterUs?: number;
  /** At most this many connections are remembered; the longest silent goes first. */
  readonly connectionsMax?: number;
}

const TWO_MSL_US = 240_000_000;
const CONNECTIONS_MAX = 500_000;
/** Windows are at most 2^30 (RFC 7323 §2.3): a number further ahead was not sent by this stack. */
const WINDOW_MAX = 2 ** 30;

export class Tracker {
  /** The connection of the last segment that was not foreign. */
  connection: Connection | undefined;
  /** The incarnation that the last `open` ended. */
  previous: Connection | undefined;
  /** Connections that began before the capture. */
  midstream = 0;
  /** Segments of the device whose numbers no window allows; they did not count. */
  implausible = 0;
  /** Connections forgotten within `foldAfterUs`, because there were too many. */
  foldedEarly = 0;
  synRetransmissions = 0;
  incarnations = 0;
  passiveOpens = 0;

  readonly #device: readonly [number, number, number, number];
  readonly #family: 4 | 6;
  readonly #localAddress: string;
  readonly #foldAfterUs: number;
  readonly #connectionsMax: number;
  readonly #table = new ConnectionTable();
  readonly #endpoints = new Endpoints();
  #boot = 0;

  constructor(options: TrackerOptions) {
    this.#device = addressWords(options.device);
    this.#family = options.device.family;
    this.#localAddress = options.device.text;
    this.#foldAfterUs = options.foldAfterUs ?? TWO_MSL_US;
    this.#connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
  }

  /** Connections remembered now. */
  get remembered(): number {
    return this.#table.size;
  }

  /** The device has restarted: a SYN from now on is never the repetition of one before. */
  noteBoot(): void {
    this.#boot += 1;
  }

  /** The device sent the segment, or is to get it. */
  concerns(segment: Segment): boolean {
    if (segment.family !== this.#family) return false;
    return this.#isSource(segment) || this.#isTarget(segment);
  }

  /** Takes the next TCP segment. `timeUs` must not go back from call to call. */
  observe(segment: Segment, frame: number, timeUs: number): TrackOutcome {
    if (segment.family !== this.#family) return "foreign";
    const fromDevice = this.#isSource(segment);
    if (!fromDevice && !this.#isTarget(segment)) return "foreign";
    this.#fold(timeUs);
    this.#endpoints.read(segment, fromDevice);
    const known = this.#table.find(this.#endpoints);
    if (!fromDevice) return this.#fromPeer(segment, known, frame, timeUs);
    if ((segment.flags & SYN) !== 0) return this.#deviceSyn(segment, known, frame, timeUs);
    return this.#fromDevice(segment, known, frame, timeUs);
  }

  #deviceSyn(
    segment: Segment,
    known: Connection | undefined,
    frame: number,
    timeUs: number,
  ): TrackOutcome {
    if (known && isSynRetransmission(known, segment, timeUs, this.#boot)) {
      known.synRetransmissions += 1;
      known.synIntervalUs = timeUs - known.synUs;
      known.synUs = timeUs;
      // The RST that refused it is over.
      known.reset = undefined;
      this.synRetransmissions += 1;
      raiseTimestamp(known, segment);
      this.#heardDevice(known, frame, timeUs);
      return "syn-again";
    }
    const connection = this.#replace(known);
    this.#begin(connection, segment, frame, timeUs);
    this.previous = known;
    return "open";
  }

  #begin(connection: Connection, segment: Segment, frame: number, timeUs: number): void {
    connection.isn = segment.sequence;
    connection.next = serialAdd(segment.sequence, segment.sequenceLength);
    connection.passive = (segment.flags & ACK) !== 0;
    if (connection.passive) {
      connection.peerIsn = serialAdd(segment.acknowledgement, -1);
      this.passiveOpens += 1;
    }
    connection.synTsval = segment.hasTimestamps ? segment.tsval : undefined;
    connection.tsval = connection.synTsval;
    connection.openedUs = timeUs;
    connection.openedFrame = frame;
    connection.synUs = timeUs;
    this.#heardDevice(connection, frame, timeUs);
  }

  #fromDevice(
    segment: Segment,
    known: Connection | undefined,
    frame: number,
    timeUs: number,
  ): TrackOutcome {
    const isReset = (segment.flags & RST) !== 0;
    // A RST for an unknown connection is an answer to somebody's stray segment, not a connection.
    if (isReset && !known) {
      this.connection = undefined;
      return "device";
    }
    const connection = known ?? this.#beginMidstream(segment, timeUs);
    if (isReset) deviceReset(connection, segment);
    else if (this.#advance(connection, segment)) {
      connection.established = true;
      raiseTimestamp(connection, segment);
      if ((segment.flags & FIN) !== 0) {
        connection.deviceFin = true;
        connection.closedFirst ??= "device";
      }
    }
    this.#heardDevice(connection, frame, timeUs);
    return "device";
  }

  #beginMidstream(segment: Segment, timeUs: number): Connection {
    const connection = this.#replace(undefined);
    connection.openedUs = timeUs;
    connection.next = segment.sequence;
    connection.tsval = segment.hasTimestamps ? segment.tsval : undefined;
    this.midstream += 1;
    return connection;
  }

  /** Raises `next`; false if the segment cannot belong to this incarnation. */
  #advance(connection: Connection, segment: Segment): boolean {
    const floor = connection.isn === undefined ? undefined : serialAdd(connection.isn, 1);
    const stale = floor !== undefined && serialDistance(floor, segment.sequence) < 0;
    // A keep-alive repeats the last number used, which right after the handshake is the ISN itself.
    if (stale && segment.sequence !== connection.isn) return false;
    const used = segment.sequenceLength;
    const end = serialAdd(segment.sequence, used);
    if (!serialAfter(end, connection.next)) return true;
    if (serialForward(connection.next, end) > WINDOW_MAX) {
      this.implausible += 1;
      return false;
    }
    // A pure ACK uses no number; a flipped bit in one would otherwise count as megabytes of data.
    if (used > 0) connection.next = end;
    return true;
  }

  #fromPeer(
    segment: Segment,
    known: Connection | undefined,
    frame: number,
    timeUs: number,
  ): TrackOutcome {
    this.connection = known;
    if (!known) return "peer";
    if ((segment.flags & RST) !== 0) peerReset(known, segment, frame);
    else if (known.established) peerSegment(known, segment);
    else answerToSyn(known, segment, frame);
    this.#heard(known, timeUs);
    return "peer";
  }

  #replace(known: Connection | undefined): Connection {
    if (known) this.#table.remove(known);
    else if (this.#table.size >= this.#connectionsMax) this.#forgetOldest();
    const count = known ? known.incarnation + 1 : 0;
    const connection = new Connection(this.#endpoints, this.#localAddress, count, this.#boot);
    this.#table.add(connection);
    this.incarnations += 1;
    return connection;
  }

  #forgetOldest(): void {
    if (!this.#table.oldest) return;
    this.#table.remove(this.#table.oldest);
    this.foldedEarly += 1;
  }

  #fold(timeUs: number): void {
    for (;;) {
      const oldest = this.#table.oldest;
      if (!oldest || timeUs - oldest.lastUs <= this.#foldAfterUs) return;
      this.#table.remove(oldest);
    }
  }

  #heardDevice(connection: Connection, frame: number, timeUs: number): void {
    connection.deviceUs = timeUs;
    connection.deviceFrame = frame;
    this.#heard(connection, timeUs);
  }

  #heard(connection: Connection, timeUs: number): void {
    connection.lastUs = timeUs;
    this.#table.touch(connection);
    this.connection = connection;
  }

  #isSource(segment: Segment): boolean {
    const [w0, w1, w2, w3] = this.#device;
    return (
      segment.source0 === w0 &&
      segment.source1 === w1 &&
      segment.source2 === w2 &&
      segment.source3 === w3
    );
  }

  #isTarget(segment: Segment): boolean {
    const [w0, w1, w2, w3] = this.#device;
    return (
      segment.target0 === w0 &&
      segment.target1 === w1 &&
      segment.target2 === w2 &&
      segment.target3 === w3
    );
  }
}

function raiseTimestamp(connection: Connection, segment: Segment): void {
  if (!segment.hasTimestamps) return;
  if (connection.tsval === undefined || serialAfter(segment.tsval, connection.tsval)) {
    connection.tsval = segment.tsval;
  }
}
