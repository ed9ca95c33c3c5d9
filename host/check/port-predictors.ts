/**
 * Ways in which allocated ports follow from one another or favour some. Each test gives a bound on
 * the chance of its evidence on a good device, as a natural logarithm (chance.ts): one whose next port
 * is any given one with a chance of at most 2 / pool (port-chance.ts).
 */
import { lnBinomialTail, lnUnevenness } from "./chance.ts";
import { portsWithin } from "./port-chance.ts";
import type { PortPool } from "./rule.ts";

export interface PortBlock {
  readonly ports: readonly number[];
  /** Steps from the port allocated before, for whatever destination. */
  readonly steps: readonly number[];
  /** Steps from the port allocated before for the same destination. */
  readonly destinationSteps: readonly number[];
  readonly pool: PortPool | undefined;
  readonly poolSize: number;
}

export interface PortPrediction {
  readonly lnChance: number;
  readonly how: string;
}

export const PORT_PREDICTORS: readonly ((block: PortBlock) => PortPrediction)[] = [
  ({ steps, poolSize }) => constantStep(steps, poolSize, "successive ports"),
  ({ destinationSteps, poolSize }) =>
    constantStep(destinationSteps, poolSize, "successive ports of a destination"),
  ({ steps, poolSize }) => smallSteps(steps, poolSize, "successive ports"),
  ({ destinationSteps, poolSize }) =>
    smallSteps(destinationSteps, poolSize, "successive ports of a destination"),
  lowBit,
  unevenSpread,
];

const SURE: PortPrediction = { lnChance: 0, how: "" };

/** One step occurs far too often (counting up by 1 or 2). Any of 2 · 65535 + 1 steps could do so. */
function constantStep(steps: readonly number[], size: number, what: string): PortPrediction {
  const counts = new Map<number, number>();
  let best = { step: 0, hits: 0 };
  for (const step of steps) {
    const hits = (counts.get(step) ?? 0) + 1;
    counts.set(step, hits);
    if (hits > best.hits) best = { step, hits };
  }
  return {
    lnChance: lnBinomialTail(steps.length, best.hits, 2 / size) + Math.log(131_071),
    how: `${best.hits} of ${steps.length} steps between ${what} are ${best.step}`,
  };
}

/** The next port is close to the last one. Windows are kept to 1/256 of the pool. */
function smallSteps(steps: readonly number[], size: number, what: string): PortPrediction {
  let best = SURE;
  for (let window = 1; window <= Math.max(1, size / 256); window *= 2) {
    const hits = steps.reduce((sum, step) => sum + (Math.abs(step) <= window ? 1 : 0), 0);
    const chance = Math.min(0.5, ((2 * window + 1) * 2) / size);
    const lnChance = lnBinomialTail(steps.length, hits, chance);
    if (lnChance < best.lnChance) {
      best = {
        lnChance,
        how: `${hits} of ${steps.length} steps between ${what} are within ±${window}`,
      };
    }
  }
  return best;
}

/** One of the three lowest bits is nearly constant (even ports only). 0.52 allows for odd pools. */
function lowBit({ ports }: PortBlock): PortPrediction {
  let best = SURE;
  for (let bit = 0; bit < 3; bit++) {
    const ones = ports.reduce((sum, port) => sum + ((port >>> bit) & 1), 0);
    const hits = Math.max(ones, ports.length - ones);
    const lnChance = lnBinomialTail(ports.length, hits, 0.52) + Math.LN2;
    if (lnChance < best.lnChance) {
      const value = ones === hits ? 1 : 0;
      best = { lnChance, how: `bit ${bit} is ${value} in ${hits} of ${ports.length} ports` };
    }
  }
  return best;
}

const BUCKETS = 16;
/** Without a known pool, reserved ranges may lie anywhere: only gross unevenness counts then. */
const BLIND_NATS_PER_PORT = 0.15;

/** Sixteen parts of the pool (known, or from the lowest to the highest port seen) are hit unevenly. */
function unevenSpread({ ports, pool }: PortBlock): PortPrediction {
  const first = pool?.first ?? ports.reduce((a, b) => Math.min(a, b), 65535);
  const last = pool?.last ?? ports.reduce((a, b) => Math.max(a, b), 0);
  const width = (last - first + 1) / BUCKETS;
  if (width < BUCKETS) return SURE;
  const bucketOf = (port: number) => Math.floor((port - first) / width);
  const available = pool === undefined ? portsPerBucket(first, width) : freePorts(pool, width);
  const total = available.reduce((sum, count) => sum + count, 0);
  const counts = new Array<number>(BUCKETS).fill(0);
  let outside = 0;
  for (const port of ports) {
    const bucket = bucketOf(port);
    if (bucket < 0 || bucket >= BUCKETS || available[bucket] === 0) outside++;
    else counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const used = available.flatMap((count, i) => (count > 0 ? [i] : []));
  if (outside > 0) {
    // A port that the pool does not hold says nothing about its spread.
    if (ports.length === outside) return SURE;
  }
  const seen = used.map((i) => counts[i] ?? 0);
  const lnChance = lnUnevenness(
    seen,
    used.map((i) => (available[i] ?? 0) / total),
  );
  if (pool === undefined && -lnChance < BLIND_NATS_PER_PORT * ports.length) return SURE;
  return {
    lnChance,
    how: `${ports.length} ports are spread unevenly over ${first}–${last} (${seen.join(" ")} in ${used.length} equal parts)`,
  };
}

/** How many ports fall into each bucket, less those that are reserved where the pool is known. */
function portsPerBucket(first: number, width: number, pool?: PortPool): readonly number[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => {
    // The lowest port that falls into a bucket is the first at or above its edge.
    const low = first + Math.ceil(bucket * width);
    const high = first + Math.ceil((bucket + 1) * width) - 1;
    return pool === undefined ? high - low + 1 : portsWithin(pool, low, high);
  });
}

/** A pool is looked at many times, and many devices share one. */
const FREE_PORTS = new WeakMap<PortPool, readonly number[]>();

function freePorts(pool: PortPool, width: number): readonly number[] {
  const known = FREE_PORTS.get(pool);
  if (known !== undefined) return known;
  const free = portsPerBucket(pool.first, width, pool);
  FREE_PORTS.set(pool, free);
  return free;
}
