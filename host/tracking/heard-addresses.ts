/** Addresses that have sent TCP packets, and in what tunnel, so that silence can be told from a one-sided capture. */
import type { Segment } from "../capture/segment.ts";
import type { Flow, Side } from "./flow.ts";

const ADDRESSES_MAX = 65_536;
/** Keys of addresses have 32 bits. */
const TUNNEL_STEP = 2 ** 32;

export class HeardAddresses {
  readonly #first = new Set<number>();
  // The last two senders: most packets come from one of them.
  #last = -1;
  #beforeLast = -1;

  add(segment: Segment): void {
    const key = senderKey(segment) + segment.tunnel * TUNNEL_STEP;
    if (key === this.#last || key === this.#beforeLast) return;
    this.#beforeLast = this.#last;
    this.#last = key;
    if (this.#first.size < ADDRESSES_MAX) this.#first.add(key);
  }

  has(flow: Flow, side: Side): boolean {
    const ofA = (side === "client") === flow.current.clientIsA;
    const { a0, a1, a2, a3, b0, b1, b2, b3 } = flow;
    const tunnel = flow.current.tunnel * TUNNEL_STEP;
    if (flow.family === 4) return this.#first.has((ofA ? a0 : b0) + tunnel);
    const key = ofA ? mixed(a0, a1, a2, a3) : mixed(b0, b1, b2, b3);
    return this.#first.has(key + tunnel);
  }
}

/**
 * A number for the source address: the address itself for IPv4, a mix of its words for IPv6, which
 * two addresses share once in 2^32.
 */
export function senderKey({ family, source0, source1, source2, source3 }: Segment): number {
  return family === 4 ? source0 : mixed(source0, source1, source2, source3);
}

function mixed(w0: number, w1: number, w2: number, w3: number): number {
  const mix = Math.imul(w0, 31) ^ Math.imul(w1, 0x9e3779b1) ^ Math.imul(w2, 0x85ebca6b) ^ w3;
  return mix >>> 0;
}
