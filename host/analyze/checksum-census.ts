/**
 * Counts right and wrong checksums by sender, so that offload (the adapter fills them in after the
 * place of the capture) is told from packets that were changed on the way.
 */
import { type ChecksumState, ipv4Checksum, tcpChecksum } from "../capture/checksum.ts";
import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { senderKey } from "../tracking/heard-addresses.ts";
import { plural } from "./wording.ts";

const HOSTS_MAX = 4096;
const HOSTS_NAMED_MAX = 5;
const FRAMES_MAX = 12;
/** So many wrong ones and not one right one are no accident: the sender never fills them in. */
const CONSTANT_MIN = 5;

export type ChecksumCounts = Readonly<Record<ChecksumState, number>>;

export interface ChecksumSummary {
  /** Headers of IPv4, and TCP segments over IPv4 and IPv6. */
  readonly ipv4: ChecksumCounts;
  readonly tcp: ChecksumCounts;
  /** Hosts that leave checksums to their adapter: no fault. */
  readonly offload: readonly { readonly host: string; readonly packets: number }[];
  /** Packets that were changed on the way, or sent broken; the first frames. */
  readonly damaged: { readonly packets: number; readonly frames: readonly number[] };
}

interface Sender {
  readonly host: string;
  ok: number;
  bad: number;
  unfilled: number;
  readonly badFrames: number[];
}

export class ChecksumCensus {
  readonly #ipv4 = { ok: 0, bad: 0, unfilled: 0, unknown: 0 };
  readonly #tcp = { ok: 0, bad: 0, unfilled: 0, unknown: 0 };
  readonly #senders = new Map<number, Sender>();
  // The last two senders: most packets come from one of them.
  #lastKey = -1;
  #last: Sender | undefined;
  #beforeKey = -1;
  #before: Sender | undefined;

  /** Takes a TCP packet that was decoded into `segment`. */
  add(packet: Packet, segment: Segment): void {
    const tcp = tcpChecksum(packet, segment);
    this.#tcp[tcp] += 1;
    let worst = tcp;
    if (segment.family === 4) {
      const ipv4 = ipv4Checksum(packet, segment);
      this.#ipv4[ipv4] += 1;
      if (ipv4 === "bad" || (ipv4 === "unfilled" && tcp !== "bad")) worst = ipv4;
    }
    if (worst === "unknown") return;
    const sender = this.#senderOf(segment);
    if (!sender) return;
    sender[worst] += 1;
    if (worst === "bad" && sender.badFrames.length < FRAMES_MAX) {
      sender.badFrames.push(packet.frame);
    }
  }

  summary(): ChecksumSummary {
    const senders = [...this.#senders.values()];
    const offload = senders.flatMap((sender) => {
      const { host, unfilled, bad } = sender;
      const packets = unfilled + (isConstant(sender) ? bad : 0);
      return packets > 0 ? [{ host, packets }] : [];
    });
    const others = senders.filter((sender) => !isConstant(sender));
    const frames = others.flatMap(({ badFrames }) => badFrames).sort((a, b) => a - b);
    const packets = others.reduce((sum, { bad }) => sum + bad, 0);
    return {
      ipv4: { ...this.#ipv4 },
      tcp: { ...this.#tcp },
      offload,
      damaged: { packets, frames: frames.slice(0, FRAMES_MAX) },
    };
  }

  #senderOf(segment: Segment): Sender | undefined {
    const key = senderKey(segment);
    if (key === this.#lastKey) return this.#last;
    if (key === this.#beforeKey) {
      [this.#beforeKey, this.#lastKey] = [this.#lastKey, key];
      [this.#before, this.#last] = [this.#last, this.#before];
      return this.#last;
    }
    let sender = this.#senders.get(key);
    if (!sender && this.#senders.size < HOSTS_MAX) {
      sender = { host: segment.sourceAddress.text, ok: 0, bad: 0, unfilled: 0, badFrames: [] };
      this.#senders.set(key, sender);
    }
    this.#beforeKey = this.#lastKey;
    this.#before = this.#last;
    this.#lastKey = key;
    this.#last = sender;
    return sender;
  }
}

function isConstant({ ok, bad }: Sender): boolean {
  return ok === 0 && bad >= CONSTANT_MIN;
}

/** What a person has to know of the checksums: one sentence on offload, one on damage. */
export function checksumNotes({ offload, damaged }: ChecksumSummary): string[] {
  const notes: string[] = [];
  if (offload.length > 0) {
    const packets = offload.reduce((sum, one) => sum + one.packets, 0);
    const named = offload.slice(0, HOSTS_NAMED_MAX).map(({ host }) => host);
    const more = offload.length - named.length;
    const hosts = `${named.join(", ")}${more > 0 ? ` and ${plural(more, "more host")}` : ""}`;
    notes.push(
      `${plural(packets, "packet")} of ${hosts} ${packets === 1 ? "has a checksum" : "have checksums"} that ${packets === 1 ? "was" : "were"} not filled in yet: the adapter does that after the place of the capture (offload), which is no fault`,
    );
  }
  if (damaged.packets > 0) {
    const { packets, frames } = damaged;
    const listed = `frame${frames.length === 1 ? "" : "s"} ${frames.join(", ")}${packets > frames.length ? ", …" : ""}`;
    notes.push(
      `${plural(packets, "packet")} (${listed}) ${packets === 1 ? "has" : "have"} a wrong checksum: changed on the way, and dropped by a receiver that verifies`,
    );
  }
  return notes;
}
