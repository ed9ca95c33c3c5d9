/**
 * Joins the documents of shards into the one that a run of all cases would have given. Refuses what
 * is missing, doubled or foreign, and judges anew what spans all devices.
 */
import type { RuleId } from "../check/rule.ts";
import { judgeStatistics } from "../check/statistics/counts.ts";
import { UsageError } from "../core/errors.ts";
import { geometryName } from "../virtual/geometries.ts";
import { ruleResults, spanningFailures, verdictOf, withSpanning } from "./finish-run.ts";
import { isnRepeatsBetweenDevices } from "./rules/isn-repeats-between-devices.ts";
import { SIMULATE_BOUNDS, type SimulateFailure, type SimulateRun } from "./simulate-run.ts";
import { addTotals, firstFailures, noTotals, type RuleTotal, type Totals } from "./totals.ts";

/** A shard with the name to call it by in messages, usually its file. */
export interface NamedShard {
  readonly name: string;
  readonly run: SimulateRun;
}

/** Throws UsageError `shards-differ`, `shard-missing`, `shard-doubled` or `shard-incomplete`. */
export function mergeShards(shards: readonly NamedShard[]): SimulateRun {
  const sorted = [...shards].sort((a, b) => a.run.cases.first - b.run.cases.first);
  const first = sorted[0];
  if (first === undefined) {
    throw new UsageError("shard-missing", "there is nothing to merge", "name the shards' files");
  }
  for (const one of sorted) expectSame(first, one);
  expectWhole(sorted);
  const totals = noTotals();
  for (const { run } of sorted) addTotals(totals, totalsOf(run));
  const runs = sorted.map(({ run }) => run);
  const base = {
    ...first.run,
    cases: { total: first.run.cases.total, first: 0, count: totals.counts.cases, complete: true },
    counts: totals.counts,
    faults: first.run.faults.map(({ kind, rate }) => ({ kind, rate, ...totals.faults[kind] })),
    failures: failuresOf(runs, totals),
    timelines: totals.timelines.slice(0, SIMULATE_BOUNDS.timelines),
    phaseSpace: { ...first.run.phaseSpace, counts: totals.phase, samples: totals.phaseSamples },
    ports: { ...first.run.ports, counts: totals.ports, samples: totals.portSamples },
    wear: sortedValues(totals.wear).slice(0, SIMULATE_BOUNDS.geometries),
    spanning: { firstNumbers: totals.firstNumbers, statistics: totals.statistics },
    statistics: judgeStatistics(totals.statistics),
    notes: [...new Set(runs.flatMap(({ notes }) => notes))],
    timing: timingOf(runs, totals),
  };
  const rules = ruleResults(totals, first.run.mode);
  return { ...base, peers: peersOf(totals), ...verdictOf({ ...base, rules }), rules };
}

function peersOf(totals: Totals): SimulateRun["peers"] {
  return PEER_ORDER.flatMap((peer) => {
    const total = totals.peers[peer];
    if (total === undefined) return [];
    const states = Object.fromEntries(Object.entries(total.states).sort(byKey));
    return [{ peer, ...total, states }];
  });
}

const PEER_ORDER = ["linux", "freebsd", "openbsd", "aix", "lwip"] as const;

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function sortedValues<V>(record: Readonly<Record<string, V>>): V[] {
  return Object.entries(record)
    .sort(byKey)
    .map(([, value]) => value);
}

/** Failures of single cases as the shards have them; those that span cases are found anew. */
function failuresOf(runs: readonly SimulateRun[], totals: Totals): SimulateFailure[] {
  const own = runs
    .flatMap(({ failures }) => failures)
    .filter(({ rule }) => rule !== isnRepeatsBetweenDevices.id);
  const spanning = spanningFailures(totals, runs[0]?.replay ?? "");
  return withSpanning(firstFailures(own), spanning);
}

function timingOf(runs: readonly SimulateRun[], { counts }: Totals): SimulateRun["timing"] {
  const timings = runs.map(({ timing }) => timing);
  const elapsedMs = Math.max(...timings.map((one) => one.elapsedMs));
  return {
    // Shards run side by side: the slowest one is what one waits for.
    elapsedMs,
    workers: timings.reduce((sum, one) => sum + one.workers, 0),
    rebootsPerSecond: Math.round((counts.reboots / Math.max(1, elapsedMs)) * 1000),
    startedAt: timings.map((one) => one.startedAt).sort()[0] ?? "",
  };
}

/** What decides the cases has to be the same. */
function expectSame(first: NamedShard, other: NamedShard): void {
  const facts = ({ run }: NamedShard): [string, string][] => [
    ["the version of isnkit", run.isnkit.version],
    ["the module", run.isnkit.module],
    ["the seed", String(run.seed)],
    ["the board", run.board],
    ["the mode", run.mode],
    ["the number of cases", String(run.cases.total)],
    ["the settings", run.settingsHash],
    ["the canaries", JSON.stringify(run.canaries)],
  ];
  const theirs = facts(other);
  for (const [at, [what, value]] of facts(first).entries()) {
    if (theirs[at]?.[1] === value) continue;
    throw new UsageError(
      "shards-differ",
      `${other.name} is no shard of the same run as ${first.name}: ${what} is another`,
      "run all shards with one version, one seed and the same settings",
    );
  }
}

/** Every case once. */
function expectWhole(sorted: readonly NamedShard[]): void {
  let next = 0;
  let before: NamedShard | undefined;
  for (const shard of sorted) {
    const { first, count, complete } = shard.run.cases;
    if (!complete) {
      throw new UsageError(
        "shard-incomplete",
        `${shard.name} was cut short: ${count} of its cases ran`,
        "run this shard again",
      );
    }
    if (first < next) {
      throw new UsageError(
        "shard-doubled",
        `${shard.name} and ${before?.name} both hold case ${first}`,
        "leave one of them out",
      );
    }
    if (first > next) throw missing(next, first - 1);
    next = first + count;
    before = shard;
  }
  const total = sorted[0]?.run.cases.total ?? 0;
  if (next < total) throw missing(next, total - 1);
}

function missing(from: number, to: number): UsageError {
  return new UsageError(
    "shard-missing",
    `no shard holds the cases ${from} to ${to}`,
    "add the shard that ran them, or run it",
  );
}

/** The totals that a document was made from. */
function totalsOf(run: SimulateRun): Totals {
  const totals = noTotals();
  totals.counts = { ...run.counts };
  for (const rule of run.rules) totals.rules[rule.id] = ruleTotalOf(run, rule.id);
  for (const { kind, injected, cases } of run.faults) totals.faults[kind] = { injected, cases };
  for (const { peer, ...total } of run.peers) {
    totals.peers[peer] = { ...total, states: { ...total.states } };
  }
  totals.timelines = [...run.timelines];
  totals.phase = [...run.phaseSpace.counts];
  totals.phaseSamples = run.phaseSpace.samples;
  totals.ports = [...run.ports.counts];
  totals.portSamples = run.ports.samples;
  for (const wear of run.wear) {
    const { storage, devices, programs, erases, cyclesMax } = wear;
    const name = geometryName(storage);
    totals.wear[name] = {
      storage,
      devices,
      programs: [...programs],
      erases: [...erases],
      cyclesMax,
    };
  }
  totals.firstNumbers = [...run.spanning.firstNumbers];
  totals.statistics = run.spanning.statistics;
  return totals;
}

function ruleTotalOf(run: SimulateRun, id: RuleId): RuleTotal {
  const rule = run.rules.find((one) => one.id === id);
  return {
    tried: rule?.tried ?? 0,
    conclusive: rule?.cases ?? 0,
    findings: rule?.findings ?? 0,
    casesFailed: rule?.casesFailed ?? 0,
    // A shard that leaves a rule open has the reason of its lowest case.
    openCase: rule?.reason === undefined ? null : run.cases.first,
    openReason: rule?.reason ?? null,
  };
}
