/** Where a port lies in the pool of those that the device may take. */
import { inPool, poolSize } from "../port-chance.ts";
import type { PortPool } from "../rule.ts";

type PlaceOf = (port: number) => number | undefined;

/** Many devices share a pool, and its table is long. */
const PLACES = new WeakMap<PortPool, PlaceOf>();

/** Port → its place among the ports of the pool, 0 … below 1; undefined outside of the pool. */
export function poolRanks(pool: PortPool): PlaceOf {
  const known = PLACES.get(pool);
  if (known !== undefined) return known;
  const places = placesOf(pool);
  PLACES.set(pool, places);
  return places;
}

function placesOf(pool: PortPool): PlaceOf {
  const size = poolSize(pool);
  const places = new Float64Array(65536).fill(-1);
  let rank = 0;
  for (let port = pool.first; port <= pool.last; port++) {
    if (inPool(pool, port)) places[port] = rank++ / size;
  }
  return (port) => {
    const place = places[port] ?? -1;
    return place < 0 ? undefined : place;
  };
}
