/**
 * The flows that still matter: found by the ends of a packet in either direction, forgotten by age.
 * A table of plain numbers: a string key for each packet would cost more than all the rest, and
 * objects that live long would be moved about by the garbage collector. A flow is an object while it
 * is busy; at rest it is a record (incarnation-records.ts).
 */
import { type Ends, Flow, type Incarnation } from "./flow.ts";
import { IncarnationRecords, isPlain } from "./incarnation-records.ts";
import type { HostRestarts } from "./restarts.ts";

const SLOTS_MIN = 1024;
/** Words of a key: the two addresses, the ports in one, the family. */
const KEY = 10;
const NONE = -1;

/** Takes a flow that is forgotten: the way to get it, and whether it is at rest. */
export type UseForgotten = (flow: () => Flow, atRest: boolean) => void;

export class FlowTable {
  #capacity = SLOTS_MIN;
  #buckets = new Int32Array(SLOTS_MIN).fill(NONE);
  #keys = new Int32Array(SLOTS_MIN * KEY);
  #hashes = new Int32Array(SLOTS_MIN);
  /** Slots in a chain of the hash table, or of free slots, and in the list by age. */
  #chain = new Int32Array(SLOTS_MIN);
  #older = new Int32Array(SLOTS_MIN);
  #newer = new Int32Array(SLOTS_MIN);
  #lastUs = new Float64Array(SLOTS_MIN);
  #incarnations = new Int32Array(SLOTS_MIN);
  /** Records of the current and the previous incarnation of a flow at rest. */
  #current = new Int32Array(SLOTS_MIN);
  #previous = new Int32Array(SLOTS_MIN);
  readonly #busy: (Flow | undefined)[] = [];
  readonly #hosts: (HostRestarts | undefined)[] = [];
  readonly #records = new IncarnationRecords();
  #used = 0;
  #free = NONE;
  #size = 0;
  #oldest = NONE;
  #newest = NONE;
  // Packets of a connection come in bursts.
  #last: Flow | undefined;

  get size(): number {
    return this.#size;
  }

  /** When the flow that was silent for longest sent its last packet; undefined if there is none. */
  get oldestUs(): number | undefined {
    return this.#oldest === NONE ? undefined : this.#lastUs[this.#oldest];
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

  /** Adds a flow whose ends are not in the table. */
  add(flow: Flow, ends: Ends, timeUs: number): void {
    if (this.#free === NONE && this.#used >= this.#capacity) this.#grow();
    let slot = this.#free;
    if (slot === NONE) slot = this.#used++;
    else this.#free = this.#chain[slot] ?? NONE;
    const hash = hashOf(ends);
    this.#writeKey(slot, ends);
    this.#hashes[slot] = hash;
    this.#link(slot);
    this.#busy[slot] = flow;
    this.#hosts[slot] = undefined;
    this.#lastUs[slot] = timeUs;
    this.#size += 1;
    this.#append(slot);
    flow.slot = slot;
    this.#last = flow;
  }

  /** A packet of the flow was seen: it is the youngest now. */
  touch({ slot }: Flow, timeUs: number): void {
    this.#lastUs[slot] = timeUs;
    if (this.#newest === slot) return;
    this.#unlinkAge(slot);
    this.#append(slot);
  }

  /** The flow is over, so far: it is stored as numbers, unless there is something odd about it. */
  rest(flow: Flow): void {
    const { slot, current, previous } = flow;
    if (!isPlain(current) || (previous && !isPlain(previous))) return;
    this.#current[slot] = this.#records.add(current);
    this.#previous[slot] = previous ? this.#records.add(previous) : NONE;
    this.#incarnations[slot] = flow.incarnations;
    this.#hosts[slot] = flow.clientHost;
    this.#busy[slot] = undefined;
    this.#last = undefined;
  }

  /**
   * Takes the flow that was silent for longest out of the table. `use` is handed the way to get it,
   * because to make an object of a flow at rest costs more than to forget it.
   */
  removeOldest(use: UseForgotten): void {
    const slot = this.#oldest;
    if (slot === NONE) return;
    use(() => this.#wake(slot), this.#busy[slot] === undefined);
    this.#drop(slot);
    this.#unchain(slot);
    this.#unlinkAge(slot);
    this.#chain[slot] = this.#free;
    this.#free = slot;
    this.#size -= 1;
  }

  /** Hands over all flows, the longest silent first. The table must not be used afterwards. */
  removeAll(use: UseForgotten): void {
    for (let slot = this.#oldest; slot !== NONE; slot = this.#newer[slot] ?? NONE) {
      use(() => this.#wake(slot), this.#busy[slot] === undefined);
    }
    this.#size = 0;
    this.#oldest = NONE;
    this.#newest = NONE;
  }

  #drop(slot: number): void {
    if (this.#last?.slot === slot) this.#last = undefined;
    if (this.#busy[slot] === undefined) {
      this.#records.drop(this.#current[slot] ?? NONE);
      const previous = this.#previous[slot] ?? NONE;
      if (previous !== NONE) this.#records.drop(previous);
    }
    this.#busy[slot] = undefined;
    this.#hosts[slot] = undefined;
  }

  #wake(slot: number): Flow {
    const busy = this.#busy[slot];
    if (busy) return busy;
    const current = this.#records.take(this.#current[slot] ?? NONE);
    const flow = new Flow(this.#endsOf(slot), current);
    flow.slot = slot;
    flow.previous = this.#previousOf(slot);
    flow.incarnations = this.#incarnations[slot] ?? 1;
    flow.clientHost = this.#hosts[slot];
    this.#busy[slot] = flow;
    return flow;
  }

  #previousOf(slot: number): Incarnation | undefined {
    const record = this.#previous[slot] ?? NONE;
    return record === NONE ? undefined : this.#records.take(record);
  }

  #slotOf(ends: Ends, hash: number): number {
    let slot = this.#buckets[hash & (this.#buckets.length - 1)] ?? NONE;
    while (slot !== NONE && !(this.#hashes[slot] === hash && this.#has(slot, ends))) {
      slot = this.#chain[slot] ?? NONE;
    }
    return slot;
  }

  #writeKey(slot: number, ends: Ends): void {
    const keys = this.#keys;
    const at = slot * KEY;
    keys[at] = ends.source0;
    keys[at + 1] = ends.source1;
    keys[at + 2] = ends.source2;
    keys[at + 3] = ends.source3;
    keys[at + 4] = ends.target0;
    keys[at + 5] = ends.target1;
    keys[at + 6] = ends.target2;
    keys[at + 7] = ends.target3;
    keys[at + 8] = (ends.sourcePort << 16) | ends.targetPort;
    keys[at + 9] = ends.family;
  }

  #endsOf(slot: number): Ends {
    const word = (i: number) => (this.#keys[slot * KEY + i] ?? 0) >>> 0;
    return {
      source0: word(0),
      source1: word(1),
      source2: word(2),
      source3: word(3),
      target0: word(4),
      target1: word(5),
      target2: word(6),
      target3: word(7),
      sourcePort: word(8) >>> 16,
      targetPort: word(8) & 0xffff,
      family: word(9) === 4 ? 4 : 6,
    };
  }

  /** The flow has these ends, in one direction or the other. */
  #has(slot: number, ends: Ends): boolean {
    const keys = this.#keys;
    const at = slot * KEY;
    if (keys[at + 9] !== ends.family) return false;
    const ports = keys[at + 8];
    const { sourcePort, targetPort } = ends;
    return (
      (ports === ((sourcePort << 16) | targetPort) && sameWords(keys, at, at + 4, ends)) ||
      (ports === ((targetPort << 16) | sourcePort) && sameWords(keys, at + 4, at, ends))
    );
  }

  #link(slot: number): void {
    const bucket = (this.#hashes[slot] ?? 0) & (this.#buckets.length - 1);
    this.#chain[slot] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = slot;
  }

  #unchain(slot: number): void {
    const bucket = (this.#hashes[slot] ?? 0) & (this.#buckets.length - 1);
    const after = this.#chain[slot] ?? NONE;
    let entry = this.#buckets[bucket] ?? NONE;
    if (entry === slot) {
      this.#buckets[bucket] = after;
      return;
    }
    while (this.#chain[entry] !== slot) entry = this.#chain[entry] ?? NONE;
    this.#chain[entry] = after;
  }

  #append(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  #unlinkAge(slot: number): void {
    const older = this.#older[slot] ?? NONE;
    const newer = this.#newer[slot] ?? NONE;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    this.#capacity = capacity;
    this.#keys = widened(this.#keys, new Int32Array(capacity * KEY));
    this.#hashes = widened(this.#hashes, new Int32Array(capacity));
    this.#chain = widened(this.#chain, new Int32Array(capacity));
    this.#older = widened(this.#older, new Int32Array(capacity));
    this.#newer = widened(this.#newer, new Int32Array(capacity));

    this.#lastUs = widened(this.#lastUs, new Float64Array(capacity));
    this.#incarnations = widened(this.#incarnations, new Int32Array(capacity));
    this.#current = widened(this.#current, new Int32Array(capacity));
    this.#previous = widened(this.#previous, new Int32Array(capacity));
    this.#buckets = new Int32Array(capacity).fill(NONE);
    // It grows only when every slot is in use.
    for (let slot = 0; slot < this.#used; slot++) this.#link(slot);
  }
}

function widened<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The addresses at `a` and `b` are source and target. */
function sameWords(keys: Int32Array, a: number, b: number, ends: Ends): boolean {
  if (keys[a] !== (ends.source0 | 0) || keys[b] !== (ends.target0 | 0)) return false;
  if (ends.family === 4) return true;
  return (
    keys[a + 1] === (ends.source1 | 0) &&
    keys[a + 2] === (ends.source2 | 0) &&
    keys[a + 3] === (ends.source3 | 0) &&
    keys[b + 1] === (ends.target1 | 0) &&
    keys[b + 2] === (ends.target2 | 0) &&
    keys[b + 3] === (ends.target3 | 0)
  );
}

/** The packet goes from A to B. */
export function isForward(flow: Flow, ends: Ends): boolean {
  return (
    flow.aPort === ends.sourcePort &&
    flow.bPort === ends.targetPort &&
    flow.a0 === ends.source0 &&
    flow.b0 === ends.target0 &&
    flow.family === ends.family &&
    (flow.family === 4 ||
      (flow.a1 === ends.source1 &&
        flow.a2 === ends.source2 &&
        flow.a3 === ends.source3 &&
        flow.b1 === ends.target1 &&
        flow.b2 === ends.target2 &&
        flow.b3 === ends.target3))
  );
}

function isBackward(flow: Flow, ends: Ends): boolean {
  return (
    flow.bPort === ends.sourcePort &&
    flow.aPort === ends.targetPort &&
    flow.b0 === ends.source0 &&
    flow.a0 === ends.target0 &&
    flow.family === ends.family &&
    (flow.family === 4 ||
      (flow.b1 === ends.source1 &&
        flow.b2 === ends.source2 &&
        flow.b3 === ends.source3 &&
        flow.a1 === ends.target1 &&
        flow.a2 === ends.target2 &&
        flow.a3 === ends.target3))
  );
}

/** The same for both directions: the sum of the hashes of the two ends. */
function hashOf(ends: Ends): number {
  const { family } = ends;
  let source = mix(ends.sourcePort ^ 0x9747b28c, ends.source0);
  let target = mix(ends.targetPort ^ 0x9747b28c, ends.target0);
  if (family === 6) {
    source = mix(mix(mix(source, ends.source1), ends.source2), ends.source3);
    target = mix(mix(mix(target, ends.target1), ends.target2), ends.target3);
  }
  let hash = (finish(source) + finish(target)) | 0;
  hash ^= hash >>> 15;
  return hash & 0x3fff_ffff;
}

/** The steps of MurmurHash3 (32 bits), so that ports in a row spread over the table. */
function mix(hash: number, value: number): number {
  const k = Math.imul(value, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
