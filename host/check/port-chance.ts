/**
 * How likely a given port is on a good device: at most `2 / size` for a pool of `size` ports. The
 * factor leaves room for ports that are in use, and for generators that favour some a little.
 */
import type { PortPool } from "./rule.ts";

/**
 * A pool of which nothing is known is taken to be at least this large. Pools much smaller than this
 * come round within 2 × MSL on a busy device (field case 4) and are no good device's.
 */
const POOL_FLOOR = 1024;

export class PortChance {
  readonly #known: number | undefined;
  /** Ports that were seen, where that tells the size. */
  readonly #seen: Uint8Array | undefined;
  #distinct = 0;

  constructor(pool: PortPool | undefined) {
    this.#known = pool === undefined ? undefined : poolSize(pool);
    this.#seen = pool === undefined ? new Uint8Array(65536) : undefined;
  }

  note(port: number): void {
    if (this.#seen === undefined || this.#seen[port] === 1) return;
    this.#seen[port] = 1;
    this.#distinct++;
  }

  /** The size of the pool: known, or as many different ports as were seen, but not below the floor. */
  get size(): number {
    return this.#known ?? Math.max(POOL_FLOOR, this.#distinct);
  }

  /** Bound on the chance of one given port, 0 … 0.5. */
  get chance(): number {
    return Math.min(0.5, 2 / this.size);
  }
}

/** Ports of the pool that are not reserved. */
export function poolSize(pool: PortPool): number {
  return Math.max(1, portsWithin(pool, pool.first, pool.last));
}

/** Ports of the pool from `first` to `last`, both included, that are not reserved. */
export function portsWithin(pool: PortPool, first: number, last: number): number {
  const from = Math.max(first, pool.first);
  const to = Math.min(last, pool.last);
  let free = Math.max(0, to - from + 1);
  // Reserved ranges may overlap: each takes away what those before it have left.
  let behind = from;
  for (const [start, end] of [...pool.reserved].sort((a, b) => a[0] - b[0])) {
    const low = Math.max(start, behind);
    const high = Math.min(end, to);
    if (high < low) continue;
    free -= high - low + 1;
    behind = high + 1;
  }
  return free;
}

export function inPool(pool: PortPool, port: number): boolean {
  if (port < pool.first || port > pool.last) return false;
  return !pool.reserved.some(([first, last]) => port >= first && port <= last);
}
