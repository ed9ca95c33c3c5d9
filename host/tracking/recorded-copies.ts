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
import { LastPackets } from "./last-packets.ts";
import { SynLog } from "./syn-log.ts";

/**
 * `duplicate`: the same packet, recorded twice on its way; `appended`: a part of the file that comes once
 * more, times included; `translated`: with other addresses or ports, behind a NAT; `renumbered`: with
 * other sequence numbers, behind a box that randomises them.
 */
export type CopyKind = "duplicate" | "appended" | "translated" | "renumbered";

const COPY_KINDS: readonly CopyKind[] = ["duplicate", "appended", "translated", "renumbered"];

const REPLAYED_FLOWS_MAX = 65_536;

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
  readonly #last = new LastPackets();
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
    const isOpening = (segment.flags & SYN) !== 0;
    const isSyn = isOpening && (segment.flags & ACK) === 0;
    const isAppended = timeUs <= this.#newestUs && this.#isAppended(segment, packet, flow);
    if (isOpening) this.#syns.record(segment, packet);
    if (timeUs > this.#newestUs) {
      this.#newestUs = timeUs;
      if (this.#replayed.size > 0) this.#replayed.clear();
    }
    if (isAppended) return "appended";
    if (this.#last.isDuplicate(segment, packet, flow)) return "duplicate";
    if (isSyn || this.#renumbered.size > 0) {
      if (this.#isRenumbered(segment, flow, timeUs, isSyn)) return "renumbered";
    }
    if (isSyn || this.#translated.size > 0) {
      if (this.#isTranslated(segment, packet, flow, isSyn)) return "translated";
    }
    this.#last.keep(segment, flow, timeUs, isSyn);
    return undefined;
  }

  /** The time has gone back to that of a SYN which was recorded with the same time, bit for bit. */
  #isAppended(segment: Segment, packet: Packet, flow: number): boolean {
    if (this.#replayed.has(flow)) return true;
    if ((segment.flags & SYN) === 0 || packet.timeUs === this.#newestUs) return false;
    if (!this.#syns.wasSeenThen(segment, packet)) return false;
    if (this.#replayed.size < REPLAYED_FLOWS_MAX) this.#replayed.add(flow);
    return true;
  }

  /** The SYN of one host, seen before from another address or to another one, is the same packet. */
  #isTranslated(segment: Segment, packet: Packet, flow: number, isSyn: boolean): boolean {
    if (isSyn) {
      const original = this.#syns.translationOf(segment, packet);
      // A box that translates a SYN sends it on before anything can follow on it.
      const before = original !== undefined && this.#last.synOf(original) === segment.sequence;
      if (before && !this.#translated.has(flow)) {
        if (this.#translated.size >= REPLAYED_FLOWS_MAX) return false;
        this.#translated.add(flow);
        this.translatedFlows += 1;
      }
      if (!before) this.#translated.delete(flow);
    }
    if (this.#translated.has(flow)) return true;
    if (isSyn) this.#syns.add(segment, packet, flow);
    return false;
  }

  #isRenumbered(segment: Segment, flow: number, timeUs: number, isSyn: boolean): boolean {
    const first = isSyn ? this.#last.firstNumberOf(segment, flow, timeUs) : undefined;
    if (first !== undefined) {
      if (this.#renumbered.size >= REPLAYED_FLOWS_MAX) return false;
      this.renumberedFlows += 1;
      this.#renumbered.set(flow, {
        clientPort: segment.sourcePort,
        first,
        second: segment.sequence,
        serverFirst: undefined,
        serverSecond: undefined,
      });
      return true;
    }
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
