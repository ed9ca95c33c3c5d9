/**
 * The flows that still matter: found by the ends of a packet in either direction, forgotten by age.
 * A table of its own, because a string key for each packet would cost more than all the rest.
 */
import type { Ends, Flow } from "./flow.ts";

const BUCKETS_MIN = 1024;

export class FlowTable {
  #buckets: (Flow | undefined)[] = new Array(BUCKETS_MIN).fill(undefined);
  #size = 0;
  #oldest: Flow | undefined;
  #newest: Flow | undefined;

  get size(): number {
    return this.#size;
  }

  /** The flow that was silent for longest. */
  get oldest(): Flow | undefined {
    return this.#oldest;
  }

  find(ends: Ends, hash: number): Flow | undefined {
    let flow = this.#buckets[hash & (this.#buckets.length - 1)];
    while (flow && !(flow.hash === hash && (isForward(flow, ends) || isBackward(flow, ends)))) {
      flow = flow.chain;
    }
    return flow;
  }

  /** Adds a flow whose ends are not in the table. */
  add(flow: Flow): void {
    if (this.#size >= this.#buckets.length) this.#grow();
    const bucket = flow.hash & (this.#buckets.length - 1);
    flow.chain = this.#buckets[bucket];
    this.#buckets[bucket] = flow;
    this.#size += 1;
    this.#append(flow);
  }

  remove(flow: Flow): void {
    const bucket = flow.hash & (this.#buckets.length - 1);
    let entry = this.#buckets[bucket];
    if (entry === flow) {
      this.#buckets[bucket] = flow.chain;
    } else {
      while (entry && entry.chain !== flow) entry = entry.chain;
      if (entry) entry.chain = flow.chain;
    }
    flow.chain = undefined;
    this.#size -= 1;
    this.#unlink(flow);
  }

  /** A packet of the flow was seen: it is the youngest now. */
  touch(flow: Flow): void {
    if (this.#newest === flow) return;
    this.#unlink(flow);
    this.#append(flow);
  }

  #append(flow: Flow): void {
    flow.older = this.#newest;
    flow.newer = undefined;
    if (this.#newest) this.#newest.newer = flow;
    else this.#oldest = flow;
    this.#newest = flow;
  }

  #unlink(flow: Flow): void {
    if (flow.older) flow.older.newer = flow.newer;
    else this.#oldest = flow.newer;
    if (flow.newer) flow.newer.older = flow.older;
    else this.#newest = flow.older;
    flow.older = undefined;
    flow.newer = undefined;
  }

  #grow(): void {
    const buckets = new Array<Flow | undefined>(this.#buckets.length * 2).fill(undefined);
    for (let flow = this.#oldest; flow; flow = flow.newer) {
      const bucket = flow.hash & (buckets.length - 1);
      flow.chain = buckets[bucket];
      buckets[bucket] = flow;
    }
    this.#buckets = buckets;
  }
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
export function hashOf(ends: Ends): number {
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
