/** The last SYNs and SYN-ACKs of a capture, found by their number, to recognise one that comes again. */
import { read16 } from "../capture/bytes.ts";
import type { Packet } from "../capture/packet.ts";
import { ACK, type Segment } from "../capture/segment.ts";

const PLACES = 2 ** 14;
const TIMED_PLACES = 2 ** 17;
/** A packet may wait for ARP in the box that translates it. */
const SOURCE_TRANSLATED_MAX_US = 1_000_000;
/** A scanner sends one number to many targets: only what follows at once is the same packet. */
const TARGET_TRANSLATED_MAX_US = 50_000;

/** So many times one packet may be translated on its way. */
const TRANSLATIONS_MAX = 3;

interface KeptSyn {
  /** Hash of the flow that it belongs to, and how often it was met with other ends. */
  flow: number;
  translations: number;
  sequence: number;
  acknowledgement: number;
  isAck: boolean;
  timeUs: number;
  identification: number;
  source0: number;
  source3: number;
  target0: number;
  target3: number;
  sourcePort: number;
  targetPort: number;
  window: number;
  tsval: number;
}

export class SynLog {
  readonly #kept: (KeptSyn | undefined)[] = new Array(PLACES).fill(undefined);
  /** Times and prints of all SYNs and SYN-ACKs, repetitions and copies included. */
  readonly #times = new Float64Array(TIMED_PLACES);
  readonly #prints = new Int32Array(TIMED_PLACES);

  add(segment: Segment, packet: Packet, flow: number): void {
    const place = placeOf(segment);
    const known = this.#kept[place];
    const kept = known ?? emptySyn();
    if (!known) this.#kept[place] = kept;
    kept.flow = flow;
    kept.translations = 0;
    kept.sequence = segment.sequence;
    kept.acknowledgement = segment.acknowledgement;
    kept.isAck = (segment.flags & ACK) !== 0;
    kept.timeUs = packet.timeUs;
    kept.identification = identificationOf(segment, packet);
    kept.source0 = segment.source0;
    kept.source3 = segment.source3;
    kept.target0 = segment.target0;
    kept.target3 = segment.target3;
    kept.sourcePort = segment.sourcePort;
    kept.targetPort = segment.targetPort;
    kept.window = segment.window;
    kept.tsval = segment.tsval;
  }

  /** The same packet was recorded at the same time before; if not, it is from now on. */
  wasSeenThen(segment: Segment, packet: Packet): boolean {
    const print = printOf(segment, packet);
    const place = (print ^ Math.imul(packet.timeUs % 2 ** 31, 0x9e3779b1)) & (TIMED_PLACES - 1);
    if (this.#times[place] === packet.timeUs && this.#prints[place] === print) return true;
    this.#times[place] = packet.timeUs;
    this.#prints[place] = print;
    return false;
  }

  /**
   * The flow of a SYN that was seen a moment before with another source (NAT), or to another host (load
   * balancer). Another port of the same host is a scanner, until an answer says otherwise.
   */
  translationOf(segment: Segment, packet: Packet): number | undefined {
    const kept = this.#kept[placeOf(segment)];
    if (!kept || !isSamePacket(kept, segment, packet)) return undefined;
    const apartUs = Math.abs(packet.timeUs - kept.timeUs);
    const isOtherHost = kept.target0 !== segment.target0 || kept.target3 !== segment.target3;
    const isSoon = hasSameSource(kept, segment)
      ? isOtherHost && apartUs <= TARGET_TRANSLATED_MAX_US
      : apartUs <= SOURCE_TRANSLATED_MAX_US;
    if (!isSoon || kept.translations >= TRANSLATIONS_MAX) return undefined;
    kept.translations += 1;
    return kept.flow;
  }
}

function emptySyn(): KeptSyn {
  return {
    flow: 0,
    translations: 0,
    sequence: 0,
    acknowledgement: 0,
    isAck: false,
    timeUs: 0.5,
    identification: 0,
    source0: 0,
    source3: 0,
    target0: 0,
    target3: 0,
    sourcePort: 0,
    targetPort: 0,
    window: 0,
    tsval: 0,
  };
}

/** All that no translation of addresses changes. */
function isSamePacket(kept: KeptSyn, segment: Segment, packet: Packet): boolean {
  return (
    kept.sequence === segment.sequence &&
    kept.acknowledgement === segment.acknowledgement &&
    kept.isAck === ((segment.flags & ACK) !== 0) &&
    kept.window === segment.window &&
    kept.tsval === segment.tsval &&
    kept.identification === identificationOf(segment, packet)
  );
}

function hasSameSource(kept: KeptSyn, segment: Segment): boolean {
  return (
    kept.source0 === segment.source0 &&
    kept.source3 === segment.source3 &&
    kept.sourcePort === segment.sourcePort
  );
}

/** Of all that tells one packet from another. */
function printOf(segment: Segment, packet: Packet): number {
  const { sequence, acknowledgement, flags, source0, target0, source3, target3 } = segment;
  let hash = Math.imul(sequence, 0x9e3779b1) ^ Math.imul(acknowledgement, 0x85ebca6b);
  hash = Math.imul(hash ^ source0 ^ Math.imul(target0, 31), 0xc2b2ae35) ^ source3 ^ target3;
  hash ^= (segment.sourcePort << 16) ^ segment.targetPort ^ (flags << 8) ^ segment.tsval;
  return Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ identificationOf(segment, packet);
}

function placeOf({ sequence, flags }: Segment): number {
  let hash = Math.imul(sequence ^ (flags & ACK), 0x9e3779b1);
  hash ^= hash >>> 15;
  return hash & (PLACES - 1);
}

/** The identification field of IPv4, which a copy has and a repetition seldom has; 0 for IPv6. */
export function identificationOf({ family, networkAt }: Segment, { bytes }: Packet): number {
  return family === 4 ? read16(bytes, networkAt + 4) : 0;
}
