/** What the plots of a simulation's report are drawn from. */

import { plural } from "../../core/plural.ts";
import { serialDistance } from "../../core/serial.ts";
import type {
  Band,
  PhasePlot,
  PlotData,
  PortPlot,
  TimelineView,
  TupleTrack,
  WearPlot,
} from "../../report/plots/plot-data.ts";
import type { DeviceTimeline, SimulateRun, TimelinePoint } from "../simulate-run.ts";

const KINDS = { nor: "NOR flash", eeprom: "EEPROM", keyValue: "key-value store" } as const;

export function simulatePlots(run: SimulateRun): PlotData {
  const phase = phaseOf(run);
  const ports = portsOf(run);
  const wear = wearOf(run);
  const failed = new Set(run.failures.map((failure) => failure.case));
  return {
    samples: run.counts.samples,
    views: run.timelines
      .map((timeline) => viewOf(timeline, failed.has(timeline.case)))
      .filter((view) => view !== undefined),
    ...(phase === undefined ? {} : { phase }),
    ...(ports === undefined ? {} : { ports }),
    ...(wear === undefined ? {} : { wear }),
  };
}

/** A device that failed shows which servers did not take its numbers; else that is their nature. */
function viewOf(timeline: DeviceTimeline, isFailed: boolean): TimelineView | undefined {
  const { boots, ceilings, series, pointsLeftOut } = timeline;
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return undefined;
  const hasClock = all.some(({ ticks }) => ticks !== undefined);
  const tracks = series
    .map((one) => trackOf(one, hasClock, isFailed))
    .filter((track) => track !== undefined);
  const drawn = new Set(tracks.map(({ name }) => name));
  const rest = series.filter(({ tuple }) => !drawn.has(tuple)).flatMap(({ points }) => points);
  const fromUs = boots[0]?.fromUs ?? 0;
  const toUs = Math.max(fromUs, ...boots.map((boot) => boot.toUs));
  return {
    title: `Device ${timeline.case}${isFailed ? " (failed)" : ""}`,
    fromUs,
    toUs,
    tracks,
    single: { timesUs: rest.map(({ timeUs }) => timeUs), isns: rest.map(({ isn }) => isn) },
    boots: boots.map(({ boot, fromUs, end, faults }) => ({
      boot,
      timeUs: fromUs,
      cause: faults.length > 0 ? faults.join(", ") : end,
    })),
    bands: leasesOf(ceilings, toUs),
    every: 1,
    mark: "refused by the server",
    ...(pointsLeftOut === 0 ? {} : { later: pointsLeftOut }),
  };
}

/**
 * Where the journal tells the device's clock, ISNs are drawn as points of it, comparable over all
 * tuples. Ports that the device chose make a new tuple each time: nothing to compare.
 */
function trackOf(
  { tuple, points }: DeviceTimeline["series"][number],
  hasClock: boolean,
  isFailed: boolean,
): TupleTrack | undefined {
  if (tuple.includes(":* > ")) return undefined;
  const own = hasClock ? points.filter(({ ticks }) => ticks !== undefined) : points;
  if (own.length < 2) return undefined;
  return {
    name: tuple,
    seen: own.length,
    timesUs: own.map(({ timeUs }) => timeUs),
    isns: own.map(({ isn }) => isn),
    boots: own.map(({ boot }) => boot),
    advances: hasClock ? own.map(({ ticks }) => ticks ?? 0) : advancesOf(own),
    breaches: isFailed ? own.flatMap(({ answer }, i) => (isRefused(answer) ? [i] : [])) : [],
    fresh: [],
  };
}

function isRefused(answer: string | undefined): boolean {
  return answer !== undefined && answer !== "syn-ack";
}

function advancesOf(points: readonly TimelinePoint[]): number[] {
  let [advance, before] = [0, points[0]?.isn ?? 0];
  return points.map(({ isn }) => {
    advance += serialDistance(before, isn);
    before = isn;
    return advance;
  });
}

/** From one durable ceiling to the next the device may use the numbers up to it. */
function leasesOf(ceilings: DeviceTimeline["ceilings"], toUs: number): Band[] {
  return ceilings.map(({ timeUs, ticks }, i) => ({
    kind: "lease",
    fromUs: timeUs,
    toUs: ceilings[i + 1]?.timeUs ?? Math.max(timeUs, toUs),
    low: Math.min(ticks, ceilings[i - 1]?.ticks ?? ticks),
    high: ticks,
  }));
}

/** Steps are counted unsigned by their top bits; the plot has the step of 0 in its middle. */
function phaseOf({ phaseSpace }: SimulateRun): PhasePlot | undefined {
  const { bins, counts, samples } = phaseSpace;
  const centred = (bin: number) => (bin + bins / 2) % bins;
  const cells: [cell: number, count: number][] = [];
  counts.forEach((count, at) => {
    if (count === 0) return;
    const step = centred(at % bins);
    const before = centred(Math.floor(at / bins));
    cells.push([before * bins + step, count]);
  });
  if (cells.length === 0) return undefined;
  cells.sort(([a], [b]) => a - b);
  return { side: bins, cells: cells.flat(), pairs: samples, points: [] };
}

function portsOf({ ports }: SimulateRun): PortPlot | undefined {
  const { first, last, binPorts, counts, samples } = ports;
  if (samples === 0) return undefined;
  return { first, last, binPorts, bins: counts, total: samples, points: [] };
}

function wearOf({ wear }: SimulateRun): WearPlot | undefined {
  if (wear.length === 0) return undefined;
  return {
    parts: wear.map(({ storage, devices, programs, erases, cyclesMax }) => ({
      title:
        storage.kind === "keyValue"
          ? KINDS.keyValue
          : `${KINDS[storage.kind]}, ${plural(storage.sectors, "sector")} of ${storage.sectorBytes} bytes, granule ${storage.granule}`,
      devices,
      erases,
      programs,
      cyclesMax,
      enduranceCycles: storage.enduranceCycles,
    })),
  };
}
