/** The last SYNs of a capture, found by their number, to recognise one that comes again. */
import { read16 } from "../capture/bytes.ts";
import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { TimedPrints } from "./timed-prints.ts";

const PLACES = 2 ** 14;
/** A packet may wait for ARP in the box that translates it. */
const SOURCE_TRANSLATED_MAX_US = 1_000_000;
/** A scanner sends one number to many targets: only what follows at once is the same packet. */
const TARGET_TRANSLATED_MAX_US = 50_000;

/** So many times one packet may be translated on its way. */
const TRANSLATIONS_MAX = 3;

/** Words of a kept SYN's row. First the time, as a float of two words. */
const ROW = 16;
const SEQUENCE = 2;
const ACKNOWLEDGEMENT = 3;
/** Hash of the flow that it belongs to. */
const FLOW = 4;
/** Whether the row was ever written, and the flow's translations so far. */
const FLAGS = 5;
/** Window, and the identification field above it. */
const WINDOW = 6;
const SOURCE_PORT = 7;
const SOURCE_0 = 8;
const SOURCE_3 = 9;
const TARGET_0 = 10;
const TARGET_3 = 11;
const TSVAL = 12;

const IS_KEPT = 1;
/** Number of times that it was met with other ends. */
const TRANSLATION = 2;

export class SynLog {
  /** Plain numbers, because the SYN of each connection is kept. */
  readonly #rows = new Int32Array(PLACES * ROW);
  /** The same memory, for times. */
  readonly #times = new Float64Array(this.#rows.buffer);
  /** The numbers alone: a small table tells of most SYNs that they are new. */
  readonly #sequences = new Int32Array(PLACES);
  /** Of all SYNs and SYN-ACKs, repetitions and copies included. */
  readonly #recorded = new TimedPrints();

  add(segment: Segment, packet: Packet, flow: number): void {
    const place = placeOf(segment);
    this.#sequences[place] = segment.sequence;
    const row = place * ROW;
    this.#times[row >> 1] = packet.timeUs;
    const rows = this.#rows;
    rows[row + SEQUENCE] = segment.sequence;
    rows[row + ACKNOWLEDGEMENT] = segment.acknowledgement;
    rows[row + FLOW] = flow;
    rows[row + FLAGS] = IS_KEPT;
    rows[row + WINDOW] = windowWord(segment, packet);
    rows[row + SOURCE_PORT] = segment.sourcePort;
    rows[row + SOURCE_0] = segment.source0;
    rows[row + SOURCE_3] = segment.source3;
    rows[row + TARGET_0] = segment.target0;
    rows[row + TARGET_3] = segment.target3;
    rows[row + TSVAL] = segment.tsval;
  }

  /** Notes that the packet was recorded at its time. */
  record(segment: Segment, packet: Packet): void {
    this.#recorded.add(packet.timeUs, printOf(segment, packet));
  }

  /** The same packet was recorded at the same time before. */
  wasSeenThen(segment: Segment, packet: Packet): boolean {
    return this.#recorded.has(packet.timeUs, printOf(segment, packet));
  }

  /**
   * The flow of a SYN that was seen a moment before with another source (NAT), or to another host (load
   * balancer). Another port of the same host is a scanner, until an answer says otherwise.
   */
  translationOf(segment: Segment, packet: Packet): number | undefined {
    const place = placeOf(segment);
    if (this.#sequences[place] !== (segment.sequence | 0)) return undefined;
    const row = place * ROW;
    if (!this.#isSamePacket(row, segment, packet)) return undefined;
    const rows = this.#rows;
    const apartUs = Math.abs(packet.timeUs - (this.#times[row >> 1] ?? 0));
    const isOtherHost =
      rows[row + TARGET_0] !== (segment.target0 | 0) ||
      rows[row + TARGET_3] !== (segment.target3 | 0);
    const isSoon = this.#hasSameSource(row, segment)
      ? isOtherHost && apartUs <= TARGET_TRANSLATED_MAX_US
      : apartUs <= SOURCE_TRANSLATED_MAX_US;
    const flags = rows[row + FLAGS] ?? 0;
    if (!isSoon || flags >= TRANSLATIONS_MAX * TRANSLATION) return undefined;
    rows[row + FLAGS] = flags + TRANSLATION;
    return rows[row + FLOW];
  }

  /** All that no translation of addresses changes. */
  #isSamePacket(row: number, segment: Segment, packet: Packet): boolean {
    const rows = this.#rows;
    return (
      rows[row + FLAGS] !== 0 &&
      rows[row + SEQUENCE] === (segment.sequence | 0) &&
      rows[row + ACKNOWLEDGEMENT] === (segment.acknowledgement | 0) &&
      rows[row + WINDOW] === windowWord(segment, packet) &&
      rows[row + TSVAL] === (segment.tsval | 0)
    );
  }

  #hasSameSource(row: number, segment: Segment): boolean {
    const rows = this.#rows;
    return (
      rows[row + SOURCE_0] === (segment.source0 | 0) &&
      rows[row + SOURCE_3] === (segment.source3 | 0) &&
      rows[row + SOURCE_PORT] === segment.sourcePort
    );
  }
}

function windowWord(segment: Segment, packet: Packet): number {
  return (identificationOf(segment, packet) << 16) | segment.window;
}

/** Of all that tells one packet from another. */
function printOf(segment: Segment, packet: Packet): number {
  const { sequence, acknowledgement, flags, source0, target0, source3, target3 } = segment;
  let hash = Math.imul(sequence, 0x9e3779b1) ^ Math.imul(acknowledgement, 0x85ebca6b);
  hash = Math.imul(hash ^ source0 ^ Math.imul(target0, 31), 0xc2b2ae35) ^ source3 ^ target3;
  hash ^= (segment.sourcePort << 16) ^ segment.targetPort ^ (flags << 8) ^ segment.tsval;
  return Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ identificationOf(segment, packet);
}

function placeOf({ sequence }: Segment): number {
  let hash = Math.imul(sequence, 0x9e3779b1);
  hash ^= hash >>> 15;
  return hash & (PLACES - 1);
}

/** The identification field of IPv4, which a copy has and a repetition seldom has; 0 for IPv6. */
export function identificationOf({ family, networkAt }: Segment, { bytes }: Packet): number {
  return family === 4 ? read16(bytes, networkAt + 4) : 0;
}
