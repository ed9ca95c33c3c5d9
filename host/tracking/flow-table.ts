/**
 * The flows that still matter: found by the ends of a packet in either direction, forgotten by age.
 * A table of plain numbers: a string key for each packet would cost more than all the rest, and
 * objects that live long would be moved about by the garbage collector. A flow is an object while it
 * is busy; at rest it is a record (incarnation-records.ts), and its object serves another flow. So a
 * flow that the table hands out may be used until the next packet is taken, and no longer.
 */
import type { Ends, Flow } from "./flow.ts";
import { FAMILY_6, hashOf, isBackward, isForward } from "./flow-ends.ts";
import { FlowPool } from "./flow-pool.ts";
import { isPlain } from "./full-record.ts";
import { IncarnationRecords } from "./incarnation-records.ts";
import type { HostRestarts } from "./restarts.ts";

/** More than are remembered at a time. What is never written takes no memory, and needs no copy to grow. */
const SLOTS_MIN = 2 ** 18;
const BUCKETS_MIN = 1024;
const GROWTH = 4;
/** Slots count from 1, so that memory that was never written means no slot, and need not be touched. */
const NONE = 0;

/** Words of a slot's row. First the time of the last packet, as a float of two words. */
const ROW = 12;
const HASH = 2;
/** The next slot in a chain of the hash table, or of free slots. */
const CHAIN = 3;
/** Slots in the list by age. */
const OLDER = 4;
const NEWER = 5;
/** Ends of IPv4, and the first words of those of IPv6. */
const SOURCE = 6;
const TARGET = 7;
const PORTS = 8;
/** The record of the current incarnation; of a busy flow, its place in the pool with all bits turned. */
const CURRENT = 9;
/** At rest: the record of the incarnation before, from 1, or 0; and how many there were. */
const PREVIOUS = 10;
const INCARNATIONS = 11;

/** The words of IPv6 addresses after the first: three of the source, three of the target. */
const ROW_6 = 6;

const HOSTS_PAGE_BITS = 10;
const HOSTS_PAGE_MASK = 2 ** HOSTS_PAGE_BITS - 1;

/** Takes a flow that is forgotten: the way to get it, now or never, and whether it is at rest. */
export type UseForgotten = (flow: () => Flow, atRest: boolean) => void;

export class FlowTable {
  #capacity = SLOTS_MIN;
  #buckets = new Int32Array(BUCKETS_MIN);
  #rows = new Int32Array(SLOTS_MIN * ROW);
  /** The same memory, for times. */
  #times = new Float64Array(this.#rows.buffer);
  /** Empty until a flow of IPv6 comes. */
  #rows6 = new Int32Array(0);
  /** The clients' hosts of flows at rest, in pages. */
  readonly #hosts: (HostRestarts | undefined)[][] = [];
  readonly #records = new IncarnationRecords();
  readonly #pool = new FlowPool();
  /** Slots that were ever used, that which none has included. */
  #used = 1;
  #free = NONE;
  #size = 0;
  #oldest = NONE;
  #newest = NONE;
  // Packets of a connection come in bursts.
  #last: Flow | undefined;
  /** The slot of the flow that is being forgotten. */
  #forgotten = NONE;
  readonly #wakeForgotten = () => this.#wake(this.#forgotten);

  get size(): number {
    return this.#size;
  }

  /** When the flow that was silent for longest sent its last packet; undefined if there is none. */
  get oldestUs(): number | undefined {
    return this.#oldest === NONE ? undefined : this.#times[(this.#oldest * ROW) >> 1];
  }

  /** The flow of a packet; busy from now on, until `rest`. */
  find(ends: Ends): Flow | undefined {
    const last = this.#last;
    if (last && (isForward(last, ends) || isBackward(last, ends))) return last;
    const slot = this.#slotOf(ends, hashOf(ends));
    if (slot === NONE) return undefined;
    const flow = this.#wake(slot);
    this.#last = flow;
    return flow;
  }

  /** Adds a flow whose ends are not in the table, with its first incarnation. */
  add(ends: Ends, clientIsA: boolean, sawSyn: boolean, frame: number, timeUs: number): Flow {
    const flow = this.#pool.flow(ends, this.#pool.incarnation(clientIsA, sawSyn, frame, timeUs));
    if (this.#free === NONE && this.#used >= this.#capacity) this.#grow();
    if (this.#size >= this.#buckets.length) this.#spread();
    let slot = this.#free;
    if (slot === NONE) slot = this.#used++;
    else this.#free = this.#rows[slot * ROW + CHAIN] ?? NONE;
    this.#writeKey(slot, ends);
    this.#link(slot);
    this.#rows[slot * ROW + CURRENT] = ~flow.place;
    this.#times[(slot * ROW) >> 1] = timeUs;
    this.#size += 1;
    this.#append(slot);
    flow.slot = slot;
    this.#last = flow;
    return flow;
  }

  /** Begins the next incarnation of a flow. The last one is kept as `previous` if it was connected. */
  renew(flow: Flow, clientIsA: boolean, frame: number, timeUs: number): void {
    const { current, previous } = flow;
    const isSameClient = current.clientIsA === clientIsA;
    flow.earlierIsn = isSameClient ? current.client.isn : undefined;
    flow.earlierOpenedUs = isSameClient ? current.openedUs : 0;
    // An attempt that failed says nothing of what the peer holds; the connection before it does.
    if (current.connected) {
      flow.previous = isSameClient ? current : undefined;
    }
    flow.current = this.#pool.incarnation(clientIsA, true, frame, timeUs);
    flow.incarnations += 1;
    if (current !== flow.previous) this.#pool.giveBackIncarnation(current);
    if (previous && previous !== flow.previous) this.#pool.giveBackIncarnation(previous);
  }

  /** A packet of the flow was seen: it is the youngest now. */
  touch({ slot }: Flow, timeUs: number): void {
    this.#times[(slot * ROW) >> 1] = timeUs;
    if (this.#newest === slot) return;
    this.#unlinkAge(slot);
    this.#append(slot);
  }

  /** The flow is over, so far: it is stored as numbers, unless there is something odd about it. */
  rest(flow: Flow): void {
    const { slot, current, previous } = flow;
    if (!isPlain(current) || (previous && !isPlain(previous))) return;
    const row = slot * ROW;
    this.#rows[row + CURRENT] = this.#records.add(current);
    this.#rows[row + PREVIOUS] = previous ? this.#records.add(previous) + 1 : 0;
    this.#rows[row + INCARNATIONS] = flow.incarnations;
    this.#keepHost(slot, flow.clientHost);
    this.#last = undefined;
    this.#pool.giveBack(flow);
  }

  /**
   * Takes the flow that was silent for longest out of the table. `use` is handed the way to get it,
   * because to make an object of a flow at rest costs more than to forget it.
   */
  removeOldest(use: UseForgotten): void {
    const slot = this.#oldest;
    if (slot === NONE) return;
    this.#forgotten = slot;
    use(this.#wakeForgotten, this.#isAtRest(slot));
    this.#drop(slot);
    this.#unchain(slot);
    this.#unlinkAge(slot);
    this.#rows[slot * ROW + CHAIN] = this.#free;
    this.#free = slot;
    this.#size -= 1;
  }

  /**
   * Hands over all flows, the longest silent first; those at rest only as long as they are wanted. The
   * table must not be used afterwards.
   */
  removeAll(use: UseForgotten, wantsResting: () => boolean): void {
    for (let slot = this.#oldest; slot !== NONE; slot = this.#rows[slot * ROW + NEWER] ?? NONE) {
      if (this.#isAtRest(slot) && !wantsResting()) slot = this.#skipResting(slot);
      if (slot === NONE) break;
      this.#forgotten = slot;
      use(this.#wakeForgotten, this.#isAtRest(slot));
      // The records are of no use any more.
      if (!this.#isAtRest(slot)) this.#drop(slot);
    }
    this.#size = 0;
  }

  /** The next slot in the list by age that is busy. Short, as most of 100,000 flows are at rest. */
  #skipResting(from: number): number {
    const rows = this.#rows;
    let slot = from;
    while (slot !== NONE && (rows[slot * ROW + CURRENT] ?? 0) >= 0) {
      slot = rows[slot * ROW + NEWER] ?? NONE;
    }
    return slot;
  }

  #isAtRest(slot: number): boolean {
    return (this.#rows[slot * ROW + CURRENT] ?? 0) >= 0;
  }

  #drop(slot: number): void {
    if (this.#last?.slot === slot) this.#last = undefined;
    const row = slot * ROW;
    const current = this.#rows[row + CURRENT] ?? 0;
    if (current < 0) {
      this.#pool.giveBack(this.#pool.at(~current));
      return;
    }
    this.#records.drop(current);
    const previous = this.#rows[row + PREVIOUS] ?? 0;
    if (previous > 0) this.#records.drop(previous - 1);
  }

  #wake(slot: number): Flow {
    const row = slot * ROW;
    const record = this.#rows[row + CURRENT] ?? 0;
    if (record < 0) return this.#pool.at(~record);
    const current = this.#records.take(record, this.#pool);
    const flow = this.#pool.flow(this.#endsOf(slot), current);
    flow.slot = slot;
    const previous = this.#rows[row + PREVIOUS] ?? 0;
    if (previous > 0) flow.previous = this.#records.take(previous - 1, this.#pool);
    flow.incarnations = this.#rows[row + INCARNATIONS] ?? 1;
    flow.clientHost = this.#hosts[slot >> HOSTS_PAGE_BITS]?.[slot & HOSTS_PAGE_MASK];
    this.#rows[row + CURRENT] = ~flow.place;
    return flow;
  }

  #keepHost(slot: number, host: HostRestarts | undefined): void {
    let page = this.#hosts[slot >> HOSTS_PAGE_BITS];
    if (!page) {
      page = new Array<HostRestarts | undefined>(HOSTS_PAGE_MASK + 1);
      this.#hosts[slot >> HOSTS_PAGE_BITS] = page;
    }
    page[slot & HOSTS_PAGE_MASK] = host;
  }

  #slotOf(ends: Ends, hash: number): number {
    const rows = this.#rows;
    let slot = this.#buckets[hash & (this.#buckets.length - 1)] ?? NONE;
    while (slot !== NONE && !(rows[slot * ROW + HASH] === hash && this.#has(slot, ends))) {
      slot = rows[slot * ROW + CHAIN] ?? NONE;
    }
    return slot;
  }

  #writeKey(slot: number, ends: Ends): void {
    const rows = this.#rows;
    const row = slot * ROW;
    rows[row + HASH] = hashOf(ends);
    rows[row + SOURCE] = ends.source0;
    rows[row + TARGET] = ends.target0;
    rows[row + PORTS] = (ends.sourcePort << 16) | ends.targetPort;
    if (ends.family === 4) return;
    if (this.#rows6.length === 0) this.#rows6 = new Int32Array(this.#capacity * ROW_6);
    const rows6 = this.#rows6;
    const at = slot * ROW_6;
    rows6[at] = ends.source1;
    rows6[at + 1] = ends.source2;
    rows6[at + 2] = ends.source3;
    rows6[at + 3] = ends.target1;
    rows6[at + 4] = ends.target2;
    rows6[at + 5] = ends.target3;
  }

  #endsOf(slot: number): Ends {
    const row = slot * ROW;
    const isFour = ((this.#rows[row + HASH] ?? 0) & FAMILY_6) === 0;
    const word = (i: number) => (this.#rows[row + i] ?? 0) >>> 0;
    const word6 = (i: number) => (isFour ? 0 : (this.#rows6[slot * ROW_6 + i] ?? 0) >>> 0);
    return {
      family: isFour ? 4 : 6,
      source0: word(SOURCE),
      source1: word6(0),
      source2: word6(1),
      source3: word6(2),
      target0: word(TARGET),
      target1: word6(3),
      target2: word6(4),
      target3: word6(5),
      sourcePort: word(PORTS) >>> 16,
      targetPort: word(PORTS) & 0xffff,
    };
  }

  /** The flow, which is of the same family, has these ends, in one direction or the other. */
  #has(slot: number, ends: Ends): boolean {
    const rows = this.#rows;
    const row = slot * ROW;
    const ports = rows[row + PORTS];
    const source = rows[row + SOURCE];
    const target = rows[row + TARGET];
    const { sourcePort, targetPort } = ends;
    const source0 = ends.source0 | 0;
    const target0 = ends.target0 | 0;
    return (
      (ports === ((sourcePort << 16) | targetPort) &&
        source === source0 &&
        target === target0 &&
        (ends.family === 4 || this.#has6(slot * ROW_6, slot * ROW_6 + 3, ends))) ||
      (ports === ((targetPort << 16) | sourcePort) &&
        source === target0 &&
        target === source0 &&
        (ends.family === 4 || this.#has6(slot * ROW_6 + 3, slot * ROW_6, ends)))
    );
  }

  /** The later words of the addresses of IPv6 at `a` and `b` are those of source and target. */
  #has6(a: number, b: number, ends: Ends): boolean {
    const rows6 = this.#rows6;
    return (
      rows6[a] === (ends.source1 | 0) &&
      rows6[a + 1] === (ends.source2 | 0) &&
      rows6[a + 2] === (ends.source3 | 0) &&
      rows6[b] === (ends.target1 | 0) &&
      rows6[b + 1] === (ends.target2 | 0) &&
      rows6[b + 2] === (ends.target3 | 0)
    );
  }

  #link(slot: number): void {
    const row = slot * ROW;
    const bucket = (this.#rows[row + HASH] ?? 0) & (this.#buckets.length - 1);
    this.#rows[row + CHAIN] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = slot;
  }

  #unchain(slot: number): void {
    const rows = this.#rows;
    const bucket = (rows[slot * ROW + HASH] ?? 0) & (this.#buckets.length - 1);
    const after = rows[slot * ROW + CHAIN] ?? NONE;
    let entry = this.#buckets[bucket] ?? NONE;
    if (entry === slot) {
      this.#buckets[bucket] = after;
      return;
    }
    while (rows[entry * ROW + CHAIN] !== slot) entry = rows[entry * ROW + CHAIN] ?? NONE;
    rows[entry * ROW + CHAIN] = after;
  }

  #append(slot: number): void {
    const rows = this.#rows;
    rows[slot * ROW + OLDER] = this.#newest;
    rows[slot * ROW + NEWER] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else rows[this.#newest * ROW + NEWER] = slot;
    this.#newest = slot;
  }

  #unlinkAge(slot: number): void {
    const rows = this.#rows;
    const older = rows[slot * ROW + OLDER] ?? NONE;
    const newer = rows[slot * ROW + NEWER] ?? NONE;
    if (older === NONE) this.#oldest = newer;
    else rows[older * ROW + NEWER] = newer;
    if (newer === NONE) this.#newest = older;
    else rows[newer * ROW + OLDER] = older;
  }

  /** In large steps: what is not used yet is not touched, and takes no memory. */
  #grow(): void {
    const capacity = this.#capacity * GROWTH;
    this.#capacity = capacity;
    this.#rows = widened(this.#rows, capacity * ROW);
    this.#times = new Float64Array(this.#rows.buffer);
    if (this.#rows6.length > 0) this.#rows6 = widened(this.#rows6, capacity * ROW_6);
  }

  /** Over more buckets, so that the chains stay short. */
  #spread(): void {
    this.#buckets = new Int32Array(this.#buckets.length * GROWTH);
    for (let slot = this.#oldest; slot !== NONE; slot = this.#rows[slot * ROW + NEWER] ?? NONE) {
      this.#link(slot);
    }
  }
}

function widened(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
