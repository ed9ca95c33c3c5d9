/** The connections, boots and leases of one stretch of a run, and the view that is drawn of them. */
import type { Band, BootMark, TimelineView, TupleTrack } from "./plot-data.ts";

export const TRACKS_MAX = 6;

/** A connection, its tuple's numbers unwrapped. */
export interface Opening {
  readonly timeUs: number;
  readonly tuple: string;
  readonly isn: number;
  readonly boot: number;
  readonly advance: number;
  readonly breached: boolean;
  /** The tuple's first connection since the device lost its storage. */
  readonly fresh: boolean;
}

export interface Stretch {
  readonly title: string;
  readonly openings: readonly Opening[];
  readonly boots: readonly BootMark[];
  readonly bands: readonly Band[];
  readonly every: number;
  /** Connections of a tuple in all, where the openings are thinned. */
  readonly seen?: (tuple: string) => number;
}

/** Tuples that came back most often get a track each; the rest is drawn as one. */
export function viewOf({ title, openings, boots, bands, every, seen }: Stretch): TimelineView {
  const byTuple = new Map<string, Opening[]>();
  for (const opening of openings) {
    const list = byTuple.get(opening.tuple);
    if (list === undefined) byTuple.set(opening.tuple, [opening]);
    else list.push(opening);
  }
  const groups = [...byTuple.entries()];
  const tracked = groups
    .filter(([, list]) => list.length > 1)
    .sort(([, a], [, b]) => breachesOf(b) - breachesOf(a) || b.length - a.length)
    .slice(0, TRACKS_MAX);
  const names = new Set(tracked.map(([name]) => name));
  const rest = openings.filter(({ tuple }) => !names.has(tuple));
  const times = [...openings.map(({ timeUs }) => timeUs), ...boots.map(({ timeUs }) => timeUs)];
  const fromUs = Math.min(...times);
  const toUs = Math.max(...times);
  return {
    title,
    fromUs,
    toUs,
    tracks: tracked.map(([name, list]) => trackOf(name, list, seen?.(name) ?? list.length)),
    single: { timesUs: rest.map(({ timeUs }) => timeUs), isns: rest.map(({ isn }) => isn) },
    boots,
    bands: bands.filter((band) => band.toUs >= fromUs && band.fromUs <= toUs),
    every,
  };
}

function breachesOf(openings: readonly Opening[]): number {
  return openings.some(({ breached }) => breached) ? 1 : 0;
}

function trackOf(name: string, openings: readonly Opening[], seen: number): TupleTrack {
  return {
    name,
    seen,
    timesUs: openings.map(({ timeUs }) => timeUs),
    isns: openings.map(({ isn }) => isn),
    boots: openings.map(({ boot }) => boot),
    advances: openings.map(({ advance }) => advance),
    breaches: openings.flatMap(({ breached }, i) => (breached ? [i] : [])),
    fresh: openings.flatMap(({ fresh }, i) => (fresh && i > 0 ? [i] : [])),
  };
}
