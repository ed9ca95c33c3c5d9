/**
 * The other end: servers that hold what they last heard of each tuple, answer SYNs as their models
 * do (host/peers), and receive segments of earlier connections that the network kept back.
 */

import { mix32 } from "../core/random.ts";
import type { SynAnswer } from "../core/sample.ts";
import { serialAdd, serialAfter, serialForward } from "../core/serial.ts";
import { PEERS } from "../peers/index.ts";
import {
  type PeerModel,
  type PeerName,
  type PeerState,
  replyToSyn,
  type SynSituation,
} from "../peers/peer-model.ts";

/** Receive windows in bytes: a server without window scaling, a small device. */
export const SERVER_WINDOW = 65_535;
export const DEVICE_WINDOW = 5_840;

const S = 1_000_000;
/** How long a server holds what a dead device left behind: keep-alive after 2 h, SYN-ACKs for 63 s. */
const HELD_US: Readonly<Partial<Record<PeerState, number>>> = {
  ESTABLISHED: 7_200 * S,
  CLOSE_WAIT: 7_200 * S,
  SYN_RECV: 63 * S,
  FIN_WAIT: 60 * S,
  FIN_WAIT_2_ORPHANED: 60 * S,
  LAST_ACK: 60 * S,
};
const ISN_TICK_US = 4;

/** A segment under way. Numbers are u32. */
export interface StaleSegment {
  readonly to: "server" | "device";
  readonly seq: number;
  readonly bytes: number;
  readonly tsval: number | undefined;
  readonly sentUs: number;
  readonly arrivesUs: number;
}

/** What the server holds of a tuple. */
export interface Held {
  state: PeerState;
  /** Until when it holds it. */
  untilUs: number;
  /** R: expected next from the device; S: its own next number. */
  expected: number;
  next: number;
  lastTsval: number | undefined;
  /** When the device was last heard on this tuple. */
  heardUs: number;
  /** Late segments of all incarnations so far, soonest first. */
  late: StaleSegment[];
}

export interface SynResult {
  readonly answer: SynAnswer;
  /** The server's ISN of the connection that stands now; undefined when there is none. */
  readonly serverIsn: number | undefined;
  readonly held: Held;
}

export class Servers {
  readonly #models: readonly PeerModel[];
  readonly #seed: number;
  readonly #twoMslUs: number;
  readonly #held = new Map<number, Held>();

  constructor(peers: readonly PeerName[], seed: number, twoMslUs: number) {
    this.#models = peers.map(modelOf);
    this.#seed = seed;
    this.#twoMslUs = twoMslUs;
  }

  /** How long a server holds a tuple after it closed first. */
  timeWaitUs(server: number): number {
    return this.#models[server]?.timeWaitUs ?? 0;
  }

  /** The first SYN of a connection, and what the device makes of the answer. */
  syn(
    server: number,
    port: number,
    syn: { isn: number; tsval: number | undefined; bound: boolean; nowUs: number },
  ): SynResult {
    const { isn, tsval, bound, nowUs } = syn;
    const model = this.#models[server] ?? modelOf("linux");
    const key = server * 65_536 + port;
    let held = this.#held.get(key);
    if (held === undefined) {
      held = {
        state: "CLOSED",
        untilUs: 0,
        expected: 0,
        next: 0,
        lastTsval: undefined,
        heardUs: Number.NEGATIVE_INFINITY,
        late: [],
      };
      this.#held.set(key, held);
    } else {
      if (held.untilUs <= nowUs) held.state = "CLOSED";
      // The network may keep a segment for this connection, but no longer than MSL.
      if (held.late.length > 0) {
        held.late = held.late.filter(({ sentUs }) => nowUs - sentUs <= this.#twoMslUs / 2);
      }
    }
    const { state } = held;
    const own = this.#isn(key, held, nowUs);
    if (state === "CLOSED") {
      held.heardUs = nowUs;
      return { answer: freshAnswer(model.name), serverIsn: own, held };
    }
    const situation = situationOf(held, isn, tsval);
    const reply = replyToSyn(model, situation);
    const kind = reply.answer.kind;
    // A port of the device's own choice may not meet such a state while old segments live.
    const alive = nowUs - held.heardUs < this.#twoMslUs;
    const byNature = (bound || !alive) && !takesGoodNumbers(model, situation);
    const answer: SynAnswer = {
      kind,
      peer: model.name,
      state,
      expected: held.expected,
      byNature,
      because: reply.rule.because,
    };
    if (reply.timer === "restarts") held.untilUs = nowUs + model.timeWaitUs;
    held.heardUs = nowUs;
    if (reply.answer.kind === "syn-ack") {
      return { answer, serverIsn: reply.answer.isn ?? own, held };
    }
    // The device answers an ACK that it does not expect with RST and sends its SYN again: that ends
    // any state but TIME_WAIT (RFC 9293 §3.10.7.4, RFC 1337). After RST the server has forgotten.
    const reset = state !== "TIME_WAIT" && (kind === "ack" || kind === "rst");
    return { answer, serverIsn: reset ? own : undefined, held };
  }

  /**
   * A server's own ISN: a keyed offset on the clock of RFC 9293 §3.4.1, and past all that it used on this
   * tuple, however fast it sent or went ahead in TIME_WAIT. The device is on trial here, so that the
   * server keeps the rule.
   */
  #isn(key: number, { heardUs, next }: Held, nowUs: number): number {
    const clock = serialAdd(mix32(mix32(this.#seed, key), 0x5e), Math.floor(nowUs / ISN_TICK_US));
    const used = nowUs - heardUs < this.#twoMslUs && serialAfter(next, clock);
    return used ? serialAdd(next, 1) : clock;
  }

  /** A connection is over, in good order: who closed first keeps TIME_WAIT. */
  closed(server: number, held: Held, end: ConnectionEnd, serverFirst: boolean): void {
    this.#keep(held, end);
    held.state = serverFirst ? "TIME_WAIT" : "CLOSED";
    held.untilUs = serverFirst ? end.nowUs + this.timeWaitUs(server) : 0;
  }

  /** The device went silent in mid-connection. */
  abandoned(held: Held, end: ConnectionEnd, state: PeerState): void {
    this.#keep(held, end);
    held.state = state;
    held.untilUs = end.nowUs + (HELD_US[state] ?? 0);
  }

  #keep(held: Held, end: ConnectionEnd): void {
    held.expected = end.next;
    held.next = end.serverNext;
    held.lastTsval = end.tsval;
    held.heardUs = end.nowUs;
    if (held.late.length > 0) held.late = held.late.filter((one) => one.arrivesUs > end.nowUs);
    if (end.late !== undefined) {
      held.late.push(end.late);
      if (held.late.length > 1) held.late.sort((a, b) => a.arrivesUs - b.arrivesUs);
    }
  }
}

export interface ConnectionEnd {
  readonly nowUs: number;
  readonly next: number;
  readonly serverNext: number;
  readonly tsval: number | undefined;
  readonly late: StaleSegment | undefined;
}

/** What the receiver of a stale segment expects in its new connection. */
export interface Receiver {
  readonly expected: number;
  readonly window: number;
  /** TSval below which PAWS drops a segment; undefined without timestamps. */
  readonly tsvalMin: number | undefined;
}

/** True when the receiver takes some byte of the segment (RFC 9293 §3.10.7.4, RFC 7323 §5.3). */
export function accepts(receiver: Receiver, segment: StaleSegment): boolean {
  const { expected, window, tsvalMin } = receiver;
  const old = tsvalMin !== undefined && segment.tsval !== undefined;
  if (old && serialAfter(tsvalMin, segment.tsval)) return false;
  const startsInside = serialForward(expected, segment.seq) < window;
  const reachesInside = serialForward(segment.seq, expected) < segment.bytes;
  return startsInside || reachesInside;
}

function modelOf(name: PeerName): PeerModel {
  const model = PEERS.find((one) => one.name === name);
  if (model === undefined) throw new RangeError(`no peer model is called ${name}`);
  return model;
}

function situationOf(held: Held, isn: number, tsval: number | undefined): SynSituation {
  const { state, expected, next, lastTsval } = held;
  return { state, expected, next, isn, window: SERVER_WINDOW, tsval, lastTsval };
}

/** Whether a SYN with the best of numbers is answered by SYN-ACK here: ahead, and newer. */
function takesGoodNumbers(model: PeerModel, situation: SynSituation): boolean {
  const { state, expected, next, window, tsval, lastTsval } = situation;
  const isn = serialAdd(expected, 2 ** 20);
  const both = tsval !== undefined && lastTsval !== undefined;
  const newer = both ? serialAdd(lastTsval, 1_000) : tsval;
  const best = { state, expected, next, window, isn, tsval: newer, lastTsval };
  return replyToSyn(model, best).answer.kind === "syn-ack";
}

const FRESH = new Map<PeerName, SynAnswer>();

function freshAnswer(peer: PeerName): SynAnswer {
  let answer = FRESH.get(peer);
  if (answer === undefined) {
    answer = {
      kind: "syn-ack",
      peer,
      state: "CLOSED",
      expected: 0,
      byNature: false,
      because: "the server holds nothing for this 4-tuple",
    };
    FRESH.set(peer, answer);
  }
  return answer;
}
