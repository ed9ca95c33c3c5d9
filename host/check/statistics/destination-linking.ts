/**
 * Whether two destinations that compare notes can tell that they talk to the same device (after
 * A. Klein's work on tracking devices through their port and header choices, 2020 to 2022). Two
 * neighbouring connections to different destinations are compared with the next such pair of the same
 * two destinations:
 *
 *   ports       did both ports move by the same amount (a counter that all destinations share)?
 *   ISNs        did both ISNs move by the same amount (a clock whose offset lacks the ports)?
 *   timestamps  do both TSvals show the same clock (one timestamp clock for all)?
 *
 * Only tuples that are new count, so on a good device each of these is a matter of chance, with the
 * probabilities below. Clock skew and addresses, which no number generator hides, are not looked at.
 */

import { serialDistance, serialForward } from "../../core/serial.ts";
import { dueText, lnBinomialTail } from "../chance.ts";
import { poolSize } from "../port-chance.ts";
import type { Opening } from "./openings.ts";
import type { StatisticKind } from "./statistic.ts";

/** Ports within this part of the pool count as moved alike. */
const PORT_WINDOW = 1 / 512;
/** ISNs within ±2^20 ticks: 4 s of the 4 µs clock. */
const ISN_WINDOW = 2 ** 20;
/** Timestamps within ±2^14: 16 s at 1 ms. */
const TSVAL_WINDOW = 2 ** 14;
/** Pairs of destinations followed at once. */
const PAIRS_MAX = 1024;

const ISN_CHANCE = (2 * ISN_WINDOW + 1) / 2 ** 32;
const TSVAL_CHANCE = (2 * TSVAL_WINDOW + 1) / 2 ** 32;

interface Ports {
  readonly one: number;
  readonly other: number;
}

export const destinationLinking: StatisticKind = {
  id: "destination-linking",
  name: "links between two destinations",
  unit: "of all comparisons",
  source: "Klein et al. 2020 to 2022; RFC 6056 §3.3.4, RFC 7323 §7.1",
  explanation:
    "share of comparisons in which two destinations could tell by ports, ISNs or timestamps that they talk to the same device; the highest of the three is shown, and a good device stays near 0",
  size: 8,
  sampleSizeMin: 32,
  start({ ports: pool }) {
    // Comparisons and hits of ports, ISNs and timestamps; then the ports' due hits.
    const counts = [0, 0, 0, 0, 0, 0, 0, 0];
    const size = pool === undefined ? 0 : poolSize(pool);
    const window = Math.floor(size * PORT_WINDOW);
    // A good allocator takes any given port with at most 2 / pool.
    const portChance = size === 0 ? 0 : Math.min(1, ((2 * window + 1) * 2) / size);
    const lastPorts = new Map<string, Ports>();
    const lastIsns = new Map<string, Ports>();
    let before: Opening | undefined;
    const count = (at: number, hit: boolean) => {
      counts[at] = (counts[at] ?? 0) + 1;
      if (hit) counts[at + 1] = (counts[at + 1] ?? 0) + 1;
    };

    function comparePorts(one: Opening, other: Opening, pair: string): void {
      if (!one.allocated || !other.allocated || size === 0) return;
      const now = { one: one.sample.tuple.localPort, other: other.sample.tuple.localPort };
      const then = swap(lastPorts, pair, now);
      if (then === undefined) return;
      const apart = Math.abs(now.one - then.one - (now.other - then.other));
      const span = (pool?.last ?? 0) - (pool?.first ?? 0) + 1;
      count(0, Math.min(apart, Math.abs(span - apart)) <= window);
      counts[6] = (counts[6] ?? 0) + portChance;
    }

    function compareIsns(one: Opening, other: Opening, pair: string): void {
      const now = { one: one.sample.isn, other: other.sample.isn };
      const then = swap(lastIsns, pair, now);
      if (then === undefined) return;
      const moved = serialForward(then.one, now.one);
      const movedToo = serialForward(then.other, now.other);
      count(2, Math.abs(serialDistance(moved, movedToo)) <= ISN_WINDOW);
    }

    return {
      counts,
      add(opening) {
        const one = before;
        before = opening;
        if (one === undefined || !one.fresh || !opening.fresh) return;
        if (one.destination === opening.destination) return;
        if (one.sample.boot !== opening.sample.boot) return;
        const pair = `${one.destination} ${opening.destination}`;
        comparePorts(one, opening, pair);
        compareIsns(one, opening, pair);
        const { tsval } = opening.sample;
        if (one.sample.tsval !== undefined && tsval !== undefined) {
          count(4, Math.abs(serialDistance(one.sample.tsval, tsval)) <= TSVAL_WINDOW);
        }
        // A pair is used once: the next comparison begins with a connection of its own.
        before = undefined;
      },
    };
  },
  judge([ports = 0, portHits = 0, isns = 0, isnHits = 0, tsvals = 0, tsvalHits = 0, portsDue = 0]) {
    const sampleSize = Math.max(ports, isns, tsvals);
    const share = (hits: number, of: number) => (of === 0 ? 0 : hits / of);
    const value = Math.max(share(portHits, ports), share(isnHits, isns), share(tsvalHits, tsvals));
    const lnChance =
      Math.min(
        ports === 0 ? 0 : lnBinomialTail(ports, portHits, Math.min(0.999, portsDue / ports)),
        lnBinomialTail(isns, isnHits, ISN_CHANCE),
        lnBinomialTail(tsvals, tsvalHits, TSVAL_CHANCE),
      ) + Math.log(3);
    return {
      ...(sampleSize === 0 ? {} : { value: Number(value.toFixed(4)) }),
      sampleSize,
      limit: `alike: ports ${portHits} of ${ports} (chance allows ${dueText(portsDue)}), ISNs ${isnHits} of ${isns}, timestamps ${tsvalHits} of ${tsvals} (chance allows none)`,
      lnChance: Math.min(0, lnChance),
    };
  },
};

/** Notes the newest; returns what was there. The pair met longest ago is forgotten first. */
function swap(last: Map<string, Ports>, pair: string, now: Ports): Ports | undefined {
  const then = last.get(pair);
  last.delete(pair);
  if (last.size >= PAIRS_MAX)
    for (const oldest of last.keys()) {
      last.delete(oldest);
      break;
    }
  last.set(pair, now);
  return then;
}
