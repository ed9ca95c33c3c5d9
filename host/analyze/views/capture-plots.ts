/**
 * What the plots of an analysis are drawn from: connections over time for the whole capture; ISNs and
 * ports for one client, as those of several say nothing when they are mixed.
 */
import { tupleKey } from "../../core/tuple.ts";
import { PlotAggregator } from "../../report/plots/plot-aggregator.ts";
import type { ActivityPlot, PlotData } from "../../report/plots/plot-data.ts";
import type { ConnectionRow, Outcome } from "../connection-row.ts";
import type { AnalysisRun } from "./analysis-run.ts";

const BINS = 60;

const OUTCOMES: readonly { readonly outcome: Outcome; readonly name: string }[] = [
  { outcome: "connected", name: "connected" },
  { outcome: "refused-by-ack", name: "refused by a plain ACK" },
  { outcome: "wrong-ack", name: "answered for something else" },
  { outcome: "wrong-rst", name: "refused by a RST that must not be accepted" },
  { outcome: "answered-elsewhere", name: "answered from elsewhere" },
  { outcome: "reset", name: "reset" },
  { outcome: "no-answer", name: "not answered" },
];

export function capturePlots(run: AnalysisRun): PlotData {
  const rows = [...run.analysis.connections].sort((a, b) => a.firstFrame - b.firstFrame);
  const client = clientOf(run, rows);
  const plots = new PlotAggregator();
  const broken = brokenTuples(run);
  for (const row of rows) {
    const { tuple, openedUs, firstFrame, sawSyn } = row;
    const { isn } = row.client;
    if (!sawSyn || isn === undefined || tuple.localAddress !== client) continue;
    const common = { boot: 0, timeUs: openedUs, tuple, isn, frame: firstFrame } as const;
    const breached = broken.has(tupleKey(tuple)) && row.outcome !== "connected";
    plots.observe({ kind: "open", portChoice: "unknown", ...common }, breached);
  }
  const activity = activityOf(run, rows);
  return {
    ...plots.finish(),
    ...(client === undefined ? {} : { of: `client ${client}` }),
    ...(activity === undefined ? {} : { activity }),
  };
}

/** The client of the first fault, or else the one with the most connections. */
function clientOf({ analysis }: AnalysisRun, rows: readonly ConnectionRow[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { tuple } of rows) {
    counts.set(tuple.localAddress, (counts.get(tuple.localAddress) ?? 0) + 1);
  }
  const fault = analysis.findings.find(({ severity }) => severity === "fault");
  const blamed = [...counts.keys()].find(
    (address) => fault?.host === address || fault?.connection?.startsWith(`${address}:`),
  );
  if (blamed !== undefined) return blamed;
  return [...counts.entries()].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function brokenTuples({ analysis }: AnalysisRun): ReadonlySet<string> {
  const faults = analysis.findings.filter(({ severity }) => severity === "fault");
  return new Set(faults.flatMap(({ connection }) => connection ?? []));
}

function activityOf(
  { analysis: { firstUs, lastUs } }: AnalysisRun,
  rows: readonly ConnectionRow[],
): ActivityPlot | undefined {
  if (firstUs === undefined || lastUs === undefined || rows.length === 0) return undefined;
  const binUs = Math.max(1, Math.ceil((lastUs - firstUs + 1) / BINS));
  const outcomes = OUTCOMES.flatMap(({ outcome, name }) => {
    const own = rows.filter((row) => row.outcome === outcome);
    if (own.length === 0) return [];
    const counts = new Array<number>(BINS).fill(0);
    for (const { openedUs } of own) {
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor((openedUs - firstUs) / binUs)));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return [{ name, good: outcome === "connected", counts }];
  });
  return { binUs, outcomes };
}
