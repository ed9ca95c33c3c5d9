/**
 * The last packet of each flow, in either direction, to recognise one that is recorded twice. A table of
 * plain numbers, because it is read and written for every packet; flows that share a place overwrite
 * each other.
 */
import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { identificationOf } from "./syn-log.ts";

/** No stack repeats a packet this soon; a router that decreased the hop count may have queued it. */
const DUPLICATE_MAX_US = 2_000;
const ROUTED_MAX_US = 100_000;
/** Between the two sides of a box that rewrites numbers. */
const RENUMBERED_MAX_US = 5_000;

const PLACES = 2 ** 14;
/** Words of a place's row. First the time, as a float of two words. */
const ROW = 8;
/** Hash of the flow with all bits turned: never 0, which is a row that was not written. */
const FLOW = 2;
const PRINT = 3;
const CHECK = 4;
/** Hops; above them the source port and whether it is a SYN. */
const FLAGS = 5;
/** Of a SYN alone: its number, and what a box that changes numbers leaves alone. */
const SEQUENCE = 6;
const SHAPE = 7;

const HOPS_MASK = 0xff;
const IS_SYN = 0x100;
const PORT_SHIFT = 16;

export class LastPackets {
  readonly #rows = new Int32Array(PLACES * ROW);
  /** The same memory, for times. */
  readonly #times = new Float64Array(this.#rows.buffer);
  /** Of the packet that was asked for last. */
  #print = 0;
  #check = 0;
  #hops = 0;

  /** The packet is the flow's last one once more; otherwise `keep` may make it the last one. */
  isDuplicate(segment: Segment, packet: Packet, flow: number): boolean {
    this.#print = printOf(segment);
    this.#check = checkOf(segment, packet);
    this.#hops = hopsOf(segment, packet);
    const rows = this.#rows;
    const row = rowOf(flow);
    if (rows[row + PRINT] !== this.#print || rows[row + CHECK] !== this.#check) return false;
    if (rows[row + FLOW] !== ~flow) return false;
    const apartUs = Math.abs(packet.timeUs - (this.#times[row >> 1] ?? 0));
    const hopsBefore = (rows[row + FLAGS] ?? 0) & HOPS_MASK;
    return apartUs <= (this.#hops < hopsBefore ? ROUTED_MAX_US : DUPLICATE_MAX_US);
  }

  /** Makes the packet that `isDuplicate` was asked for the last one of its flow. */
  keep(segment: Segment, flow: number, timeUs: number, isSyn: boolean): void {
    const rows = this.#rows;
    const row = rowOf(flow);
    this.#times[row >> 1] = timeUs;
    rows[row + FLOW] = ~flow;
    rows[row + PRINT] = this.#print;
    rows[row + CHECK] = this.#check;
    rows[row + FLAGS] = this.#hops | (isSyn ? IS_SYN : 0) | (segment.sourcePort << PORT_SHIFT);
    if (!isSyn) return;
    rows[row + SEQUENCE] = segment.sequence;
    rows[row + SHAPE] = shapeOf(segment);
  }

  /** Number of the flow's SYN, if nothing has followed on it; undefined otherwise. */
  synOf(flow: number): number | undefined {
    const rows = this.#rows;
    const row = rowOf(flow);
    if (rows[row + FLOW] !== ~flow || ((rows[row + FLAGS] ?? 0) & IS_SYN) === 0) return undefined;
    return (rows[row + SEQUENCE] ?? 0) >>> 0;
  }

  /**
   * Number of the flow's SYN before this one, if this is it in a second numbering: with another number,
   * at once and before any answer, in the same shape.
   */
  firstNumberOf(syn: Segment, flow: number, timeUs: number): number | undefined {
    const first = this.synOf(flow);
    if (first === undefined || first === syn.sequence) return undefined;
    const rows = this.#rows;
    const row = rowOf(flow);
    const isFirst =
      (rows[row + FLAGS] ?? 0) >>> PORT_SHIFT === syn.sourcePort &&
      Math.abs(timeUs - (this.#times[row >> 1] ?? 0)) <= RENUMBERED_MAX_US &&
      rows[row + SHAPE] === shapeOf(syn);
    return isFirst ? first : undefined;
  }
}

function rowOf(flow: number): number {
  return (flow & (PLACES - 1)) * ROW;
}

function shapeOf({ window, windowScale, tsval, payloadLength }: Segment): number {
  return (
    (window ^ Math.imul(windowScale, 0x85ebca6b) ^ tsval ^ Math.imul(payloadLength, 0xc2b2ae35)) | 0
  );
}

function printOf({ sequence, acknowledgement, sourcePort, tsval }: Segment): number {
  return (
    (sequence ^
      Math.imul(acknowledgement, 0x9e3779b1) ^
      Math.imul(sourcePort, 0x85ebca6b) ^
      tsval) |
    0
  );
}

function checkOf(segment: Segment, packet: Packet): number {
  const { flags, window, payloadLength } = segment;
  return (
    (Math.imul(payloadLength, 0x9e3779b1) ^
      Math.imul(identificationOf(segment, packet), 0x85ebca6b) ^
      (flags << 16) ^
      window) |
    0
  );
}

function hopsOf({ family, networkAt }: Segment, { bytes }: Packet): number {
  return bytes[networkAt + (family === 4 ? 8 : 7)] ?? 0;
}
