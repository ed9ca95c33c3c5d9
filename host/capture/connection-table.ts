/**
 * The connections that still matter, found by tuple and folded by age. A table of its own, because
 * a string or a nested map for each packet would cost more than all the rest of the tracking.
 */
import type { Connection, Endpoints } from "./connection.ts";

const BUCKETS_MIN = 1024;

export class ConnectionTable {
  #buckets: (Connection | undefined)[] = new Array(BUCKETS_MIN).fill(undefined);
  #size = 0;
  #oldest: Connection | undefined;
  #newest: Connection | undefined;

  get size(): number {
    return this.#size;
  }

  /** The connection that was silent for longest. */
  get oldest(): Connection | undefined {
    return this.#oldest;
  }

  find(endpoints: Endpoints): Connection | undefined {
    const hash = hashOf(endpoints);
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    while (entry && !(entry.hash === hash && same(entry, endpoints))) entry = entry.chain;
    return entry;
  }

  /** Adds a connection whose tuple is not in the table. */
  add(connection: Connection): void {
    if (this.#size >= this.#buckets.length) this.#grow();
    connection.hash = hashOf(connection);
    const bucket = connection.hash & (this.#buckets.length - 1);
    connection.chain = this.#buckets[bucket];
    this.#buckets[bucket] = connection;
    this.#size += 1;
    this.#append(connection);
  }

  remove(connection: Connection): void {
    const bucket = connection.hash & (this.#buckets.length - 1);
    let entry = this.#buckets[bucket];
    if (entry === connection) {
      this.#buckets[bucket] = connection.chain;
    } else {
      while (entry && entry.chain !== connection) entry = entry.chain;
      if (entry) entry.chain = connection.chain;
    }
    connection.chain = undefined;
    this.#size -= 1;
    this.#unlink(connection);
  }

  /** A packet of the connection was seen: it is the youngest now. */
  touch(connection: Connection): void {
    if (this.#newest === connection) return;
    this.#unlink(connection);
    this.#append(connection);
  }

  #append(connection: Connection): void {
    connection.older = this.#newest;
    connection.newer = undefined;
    if (this.#newest) this.#newest.newer = connection;
    else this.#oldest = connection;
    this.#newest = connection;
  }

  #unlink(connection: Connection): void {
    if (connection.older) connection.older.newer = connection.newer;
    else this.#oldest = connection.newer;
    if (connection.newer) connection.newer.older = connection.older;
    else this.#newest = connection.older;
    connection.older = undefined;
    connection.newer = undefined;
  }

  #grow(): void {
    const buckets = new Array<Connection | undefined>(this.#buckets.length * 2).fill(undefined);
    for (let entry = this.#oldest; entry; entry = entry.newer) {
      const bucket = entry.hash & (buckets.length - 1);
      entry.chain = buckets[bucket];
      buckets[bucket] = entry;
    }
    this.#buckets = buckets;
  }
}

type Key = Pick<
  Endpoints,
  "family" | "localPort" | "remotePort" | "remote0" | "remote1" | "remote2" | "remote3"
>;

function same(a: Key, b: Key): boolean {
  return (
    a.localPort === b.localPort &&
    a.remotePort === b.remotePort &&
    a.remote0 === b.remote0 &&
    a.remote1 === b.remote1 &&
    a.remote2 === b.remote2 &&
    a.remote3 === b.remote3 &&
    a.family === b.family
  );
}

/** Mixes with the steps of MurmurHash3 (32 bits), so that ports in a row spread over the table. */
function hashOf(key: Key): number {
  let hash = mix(0x9747b28c, (key.localPort << 16) | key.remotePort);
  hash = mix(hash, key.remote0);
  if (key.family === 6) {
    hash = mix(mix(mix(hash, key.remote1), key.remote2), key.remote3);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}

function mix(hash: number, value: number): number {
  const k = Math.imul(value, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
