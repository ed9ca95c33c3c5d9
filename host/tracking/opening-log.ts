/**
 * The last openings of all hosts, found by host and port or host and ISN. Rings of plain numbers:
 * maps of objects for each host would cost more than following the packets does.
 */
import type { Opening } from "./found-boot.ts";

const CAPACITY = 2 ** 16;
const INDEX_SIZE = 2 ** 17;

export class OpeningLog {
  readonly #host = new Int32Array(CAPACITY);
  readonly #port = new Int32Array(CAPACITY);
  readonly #isn = new Uint32Array(CAPACITY);
  readonly #frame = new Float64Array(CAPACITY);
  readonly #timeUs = new Float64Array(CAPACITY);
  /** ISN of the peer, once it has answered; −1: none. */
  readonly #peerIsn = new Float64Array(CAPACITY);
  /** Number of the same host's next opening, from 1; 0: none yet. */
  readonly #next = new Uint32Array(CAPACITY);
  /** Numbers of openings, by hash; a later one takes the place of an earlier one. Good for 2^32. */
  readonly #byPort = new Uint32Array(INDEX_SIZE);
  readonly #byIsn = new Uint32Array(INDEX_SIZE);
  #count = 0;

  /** Number of the last opening of any host. */
  get count(): number {
    return this.#count;
  }

  /** Adds an opening; `before` is the number of the host's last one, or 0. Gives its number. */
  add(
    host: number,
    port: number,
    isn: number,
    frame: number,
    timeUs: number,
    before: number,
  ): number {
    this.#count += 1;
    const number = this.#count;
    const at = number % CAPACITY;
    this.#host[at] = host;
    this.#port[at] = port;
    this.#isn[at] = isn;
    this.#frame[at] = frame;
    this.#timeUs[at] = timeUs;
    this.#peerIsn[at] = -1;
    this.#next[at] = 0;
    if (this.#isKept(before)) this.#next[before % CAPACITY] = number;
    this.#byPort[indexOf(host, port)] = number;
    this.#byIsn[indexOf(host, isn)] = number;
    return number;
  }

  /** The peer has accepted the opening with this ISN. */
  answered(number: number, peerIsn: number): void {
    if (this.#isKept(number)) this.#peerIsn[number % CAPACITY] = peerIsn;
  }

  /** ISN of the peer that accepted the opening; undefined if none did, or it was forgotten. */
  peerIsn(number: number): number | undefined {
    const isn = this.#isKept(number) ? (this.#peerIsn[number % CAPACITY] ?? -1) : -1;
    return isn < 0 ? undefined : isn;
  }

  /** Number of the host's last opening with this port, or 0. */
  withPort(host: number, port: number): number {
    const number = this.#byPort[indexOf(host, port)] ?? 0;
    const at = number % CAPACITY;
    const fits = this.#isKept(number) && this.#host[at] === host && this.#port[at] === port;
    return fits ? number : 0;
  }

  /** Number of the host's last opening with this ISN, or 0. */
  withIsn(host: number, isn: number): number {
    const number = this.#byIsn[indexOf(host, isn)] ?? 0;
    const at = number % CAPACITY;
    const fits = this.#isKept(number) && this.#host[at] === host && this.#isn[at] === isn;
    return fits ? number : 0;
  }

  /** Number of the host's opening after this one, or 0. */
  after(number: number): number {
    return this.#isKept(number) ? (this.#next[number % CAPACITY] ?? 0) : 0;
  }

  /** The opening, or undefined if it was forgotten. */
  at(number: number): Opening | undefined {
    if (!this.#isKept(number)) return undefined;
    const at = number % CAPACITY;
    return {
      port: this.#port[at] ?? 0,
      isn: this.#isn[at] ?? 0,
      frame: this.#frame[at] ?? 0,
      timeUs: this.#timeUs[at] ?? 0,
    };
  }

  #isKept(number: number): boolean {
    return number > 0 && number > this.#count - CAPACITY;
  }
}

function indexOf(host: number, value: number): number {
  let hash = Math.imul(host, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) & (INDEX_SIZE - 1);
}
