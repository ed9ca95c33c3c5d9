/**
 * What the recorder did is told from what hosts did. A packet may be in a capture more than once: from
 * a mirror port or `tcpdump -i any`, because a file was appended to itself, or because the capture holds
 * both sides of a box that translates addresses or rewrites sequence numbers. Only the first recording
 * of a packet is judged; the others are counted.
 */
import type { Packet } from "../capture/packet.ts";
import { ACK, RST, type Segment, SYN } from "../capture/segment.ts";
import { plural } from "../core/plural.ts";
import { serialForward } from "../core/serial.ts";
import { hashOf } from "./flow-ends.ts";
import { identificationOf, SynLog } from "./syn-log.ts";

/**
 * `duplicate`: the same packet, recorded twice on its way; `appended`: a part of the file that comes once
 * more, times included; `translated`: with other addresses or ports, behind a NAT; `renumbered`: with
 * other sequence numbers, behind a box that randomises them.
 */
export type CopyKind = "duplicate" | "appended" | "translated" | "renumbered";

const COPY_KINDS: readonly CopyKind[] = ["duplicate", "appended", "translated", "renumbered"];

/** No stack repeats a packet this soon; a router that decreased the hop count may have queued it. */
const DUPLICATE_MAX_US = 2_000;
const ROUTED_MAX_US = 100_000;
/** Between the two sides of a box that rewrites numbers. */
const RENUMBERED_MAX_US = 5_000;
const LAST_PACKETS = 2 ** 14;
const REPLAYED_FLOWS_MAX = 65_536;

/** The last packet of a flow, in either direction. */
interface LastPacket {
  flow: number;
  print: number;
  check: number;
  sequence: number;
  timeUs: number;
  hops: number;
  isSyn: boolean;
  fromPort: number;
  shape: number;
}

/** The two numberings of a connection whose SYN was seen on both sides of a box. */
interface Renumbering {
  readonly clientPort: number;
  readonly first: number;
  readonly second: number;
  serverFirst: number | undefined;
  serverSecond: number | undefined;
}

export class RecordedCopies {
  readonly counts: Record<CopyKind, number> = {
    duplicate: 0,
    appended: 0,
    translated: 0,
    renumbered: 0,
  };
  /** Connections that were seen once more behind a NAT, or behind a box that rewrites numbers. */
  translatedFlows = 0;
  renumberedFlows = 0;
  readonly #last: (LastPacket | undefined)[] = new Array(LAST_PACKETS).fill(undefined);
  readonly #syns = new SynLog();
  /** Flows of a part of the file that comes once more. */
  readonly #replayed = new Set<number>();
  /** Flows that are another flow behind a NAT. */
  readonly #translated = new Set<number>();
  readonly #renumbered = new Map<number, Renumbering>();
  // A fraction, so that the engine makes room for any time at once (flow.ts).
  #newestUs = 0.5;
  /** The ends of the last packet, and their hash. */
  #flow = 0;
  #aPort = -1;
  #bPort = -1;
  #a0 = 0.5;
  #b0 = 0.5;

  /** Whether an earlier packet was this one; call it once for each TCP packet, in the order of the file. */
  kindOf(segment: Segment, packet: Packet): CopyKind | undefined {
    const flow = this.#flowOf(segment);
    const kind = this.#kindOf(segment, packet, flow);
    if (kind !== undefined) this.counts[kind] += 1;
    return kind;
  }

  /** The hash of the flow; packets of a connection come in bursts. */
  #flowOf(segment: Segment): number {
    const { family, sourcePort, targetPort, source0, target0 } = segment;
    const isSame =
      family === 4 &&
      ((sourcePort === this.#aPort &&
        targetPort === this.#bPort &&
        source0 === this.#a0 &&
        target0 === this.#b0) ||
        (sourcePort === this.#bPort &&
          targetPort === this.#aPort &&
          source0 === this.#b0 &&
          target0 === this.#a0));
    if (isSame) return this.#flow;
    this.#flow = hashOf(segment);
    this.#aPort = family === 4 ? sourcePort : -1;
    this.#bPort = targetPort;
    this.#a0 = source0;
    this.#b0 = target0;
    return this.#flow;
  }

  #kindOf(segment: Segment, packet: Packet, flow: number): CopyKind | undefined {
    const { timeUs } = packet;
    const hops = hopsOf(segment, packet);
    const isSyn = (segment.flags & (SYN | ACK)) === SYN;
    const isAppended = this.#isAppended(segment, packet, flow);
    if (timeUs > this.#newestUs) this.#newestUs = timeUs;
    if (isAppended) return "appended";
    const print = printOf(segment);
    const check = checkOf(segment, packet);
    const place = flow & (LAST_PACKETS - 1);
    const last = this.#last[place];
    const sameFlow = last?.flow === flow ? last : undefined;
    if (sameFlow && sameFlow.print === print && sameFlow.check === check) {
      const apartUs = Math.abs(timeUs - sameFlow.timeUs);
      if (apartUs <= (hops < sameFlow.hops ? ROUTED_MAX_US : DUPLICATE_MAX_US)) return "duplicate";
    }
    if (this.#isRenumbered(segment, flow, sameFlow, timeUs, isSyn)) return "renumbered";
    if (this.#isTranslated(segment, packet, flow, isSyn)) return "translated";
    const kept = last ?? emptyLast();
    if (!last) this.#last[place] = kept;
    kept.flow = flow;
    kept.print = print;
    kept.check = check;
    kept.sequence = segment.sequence;
    kept.timeUs = timeUs;
    kept.hops = hops;
    kept.isSyn = isSyn;
    kept.fromPort = segment.sourcePort;
    kept.shape = shapeOf(segment);
    return undefined;
  }

  /** The time has gone back to that of a SYN which was recorded with the same time, bit for bit. */
  #isAppended(segment: Segment, packet: Packet, flow: number): boolean {
    const { timeUs } = packet;
    const isSeen = (segment.flags & SYN) !== 0 && this.#syns.wasSeenThen(segment, packet);
    if (timeUs > this.#newestUs) {
      if (this.#replayed.size > 0) this.#replayed.clear();
      return false;
    }
    if (this.#replayed.has(flow)) return true;
    if (!isSeen || timeUs === this.#newestUs) return false;
    if (this.#replayed.size < REPLAYED_FLOWS_MAX) this.#replayed.add(flow);
    return true;
  }

  /** The SYN of one host, seen before from another address or to another one, is the same packet. */
  #isTranslated(segment: Segment, packet: Packet, flow: number, isSyn: boolean): boolean {
    if (isSyn) {
      const original = this.#syns.translationOf(segment, packet);
      const before = original !== undefined && this.#waits(original, segment.sequence);
      if (before && !this.#translated.has(flow)) {
        if (this.#translated.size >= REPLAYED_FLOWS_MAX) return false;
        this.#translated.add(flow);
        this.translatedFlows += 1;
      }
      if (!before) this.#translated.delete(flow);
    }
    if (this.#translated.has(flow)) return true;
    if ((segment.flags & SYN) !== 0) this.#syns.add(segment, packet, flow);
    return false;
  }

  /** Nothing has followed on that SYN yet: a box that translates it sends it on before any answer. */
  #waits(flow: number, sequence: number): boolean {
    const last = this.#last[flow & (LAST_PACKETS - 1)];
    return last?.flow === flow && last.isSyn && last.sequence === sequence;
  }

  #isRenumbered(
    segment: Segment,
    flow: number,
    last: LastPacket | undefined,
    timeUs: number,
    isSyn: boolean,
  ): boolean {
    if (isSyn && last && isSecondNumbering(segment, last, timeUs)) {
      if (this.#renumbered.size >= REPLAYED_FLOWS_MAX) return false;
      this.renumberedFlows += 1;
      this.#renumbered.set(flow, {
        clientPort: segment.sourcePort,
        first: last.sequence,
        second: segment.sequence,
        serverFirst: undefined,
        serverSecond: undefined,
      });
      return true;
    }
    if (this.#renumbered.size === 0) return false;
    const both = this.#renumbered.get(flow);
    if (!both) return false;
    if (isSyn && segment.sequence !== both.first && segment.sequence !== both.second) {
      this.#renumbered.delete(flow);
      return false;
    }
    return isOfSecond(segment, both);
  }
}

/** One remark for each kind that was met. */
export function copyNotes(
  copies: RecordedCopies,
): readonly { readonly count: number; readonly message: string }[] {
  const { counts, translatedFlows, renumberedFlows } = copies;
  const words: Readonly<Record<CopyKind, (packets: string) => string>> = {
    duplicate: (packets) =>
      `${packets} in the capture twice (a mirror port, several interfaces, or tcpdump -i any); only the first recording of each was judged`,
    appended: (packets) =>
      `${packets} of a part of the capture that comes once more, with the same times (files that were joined, or one that was appended twice); only the first recording was judged`,
    translated: (packets) =>
      `the capture holds both sides of an address translation (NAT, load balancer): ${packets} those of ${plural(translatedFlows, "connection")} with other addresses or ports; only the side that was seen first was judged`,
    renumbered: (packets) =>
      `the capture holds both sides of a box that rewrites sequence numbers (TCP sequence randomisation): ${packets} those of ${plural(renumberedFlows, "connection")} with other numbers; only the numbering that was seen first was judged`,
  };
  return COPY_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const count = counts[kind];
    return {
      count,
      message: words[kind](`${plural(count, "packet")} ${count === 1 ? "is" : "are"}`),
    };
  });
}

/** A second SYN of the tuple with another number, at once and before any answer, in the same shape. */
function isSecondNumbering(segment: Segment, last: LastPacket, timeUs: number): boolean {
  return (
    last.isSyn &&
    last.fromPort === segment.sourcePort &&
    last.sequence !== segment.sequence &&
    Math.abs(timeUs - last.timeUs) <= RENUMBERED_MAX_US &&
    last.shape === shapeOf(segment)
  );
}

/** Whether the segment carries the second numbering; learns the two ISNs of the server. */
function isOfSecond(segment: Segment, both: Renumbering): boolean {
  const { flags, sequence, acknowledgement } = segment;
  if (segment.sourcePort === both.clientPort) {
    return serialForward(both.second, sequence) < serialForward(both.first, sequence);
  }
  if ((flags & ACK) !== 0) {
    const isSecond =
      serialForward(both.second, acknowledgement) < serialForward(both.first, acknowledgement);
    if ((flags & SYN) !== 0) {
      if (isSecond) both.serverSecond ??= sequence;
      else both.serverFirst ??= sequence;
    }
    return isSecond;
  }
  const { serverFirst, serverSecond } = both;
  if ((flags & RST) === 0 || serverFirst === undefined || serverSecond === undefined) return false;
  return serialForward(serverSecond, sequence) < serialForward(serverFirst, sequence);
}

/** What a box that changes numbers leaves alone. */
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

function emptyLast(): LastPacket {
  return {
    flow: -1,
    print: 0,
    check: 0,
    sequence: 0,
    timeUs: 0.5,
    hops: 0,
    isSyn: false,
    fromPort: 0,
    shape: 0,
  };
}
