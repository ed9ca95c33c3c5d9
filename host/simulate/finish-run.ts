/** Turns totals into the document: the verdict, rule by rule, and what spans all devices. */
import type { Verdict } from "../check/engine.ts";
import type { Finding, RuleId, RuleText } from "../check/rule.ts";
import { judgeStatistics } from "../check/statistics/counts.ts";
import { alarmsOver } from "../check/statistics/weigh.ts";
import { plural } from "../core/plural.ts";
import { PEERS } from "../peers/index.ts";
import { FAULT_KINDS } from "../virtual/fault-kinds.ts";
import { type Campaign, campaignHash, moduleHash } from "./campaign.ts";
import { LIFE_RULES } from "./rules/index.ts";
import {
  isnRepeatsBetweenDevices,
  repeatsBetweenDevices,
} from "./rules/isn-repeats-between-devices.ts";
import { keyKept } from "./rules/key-kept.ts";
import { settingsData } from "./settings.ts";
import {
  type CanaryResult,
  type CaseRange,
  type PhaseSpace,
  SIMULATE_BOUNDS,
  SIMULATE_SCHEMA,
  type SimulateFailure,
  type SimulateRuleResult,
  type SimulateRun,
  type SimulateTiming,
} from "./simulate-run.ts";
import { portBinWidth, type Totals } from "./totals.ts";

export interface RunParts {
  readonly campaign: Campaign;
  readonly cases: CaseRange;
  readonly totals: Totals;
  readonly failures: readonly SimulateFailure[];
  readonly canaries: readonly CanaryResult[];
  readonly timing: SimulateTiming;
  readonly replay: string;
  readonly notes: readonly string[];
}

export function finishRun(parts: RunParts): SimulateRun {
  const { campaign, cases, totals } = parts;
  const { settings, seed, board, mode, wasm, version } = campaign;
  const base = {
    schema: SIMULATE_SCHEMA,
    isnkit: { version, module: moduleHash(wasm) },
    mode,
    board,
    seed,
    settings: settingsData(settings),
    settingsHash: campaignHash(campaign),
    cases,
    replay: parts.replay,
    counts: { ...totals.counts },
    faults: FAULT_KINDS.map((kind) => ({
      kind,
      rate: mode === "swarm" ? settings.faults[kind] : 0,
      ...totals.faults[kind],
    })),
    peers: PEERS.flatMap(({ name }) => {
      const peer = totals.peers[name];
      if (peer === undefined) return [];
      return [{ peer: name, ...peer, states: sorted(peer.states) }];
    }),
    canaries: parts.canaries,
    failures: parts.failures,
    timelines: totals.timelines.slice(0, SIMULATE_BOUNDS.timelines),
    phaseSpace: phaseSpaceOf(totals),
    ports: {
      first: settings.ports.first,
      last: settings.ports.last,
      binPorts: portBinWidth(settings.ports),
      counts: totals.ports,
      samples: totals.portSamples,
    },
    wear: Object.entries(sorted(totals.wear))
      .slice(0, SIMULATE_BOUNDS.geometries)
      .map(([, wear]) => wear),
    spanning: { firstNumbers: totals.firstNumbers, statistics: totals.statistics },
    statistics: judgeStatistics(totals.statistics),
    notes: parts.notes,
    timing: parts.timing,
  } as const;
  const rules = ruleResults(totals, mode);
  return { ...base, ...verdictOf({ ...base, rules }), rules };
}

type Judged = Pick<
  SimulateRun,
  "rules" | "faults" | "canaries" | "cases" | "counts" | "statistics"
>;

/** A breach fails; whatever leaves a doubt makes it inconclusive. */
export function verdictOf(run: Judged): { verdict: Verdict; because: string } {
  const failed = run.rules.filter((rule) => rule.status === "fail");
  if (failed.length > 0) {
    const ids = failed.map((rule) => rule.id).join(", ");
    return { verdict: "fail", because: `${ids} broken over ${extentOf(run)}` };
  }
  const doubts: string[] = [];
  if (!run.cases.complete) doubts.push("the run was cut short");
  const open = run.rules.filter((rule) => rule.status === "open");
  if (open.length > 0) doubts.push(`not judged: ${open.map((rule) => rule.id).join(", ")}`);
  const never = run.faults.filter((fault) => fault.rate > 0 && fault.injected === 0);
  if (never.length > 0) doubts.push(`never struck: ${never.map((one) => one.kind).join(", ")}`);
  const missed = run.canaries.filter((canary) => !canary.caught);
  if (missed.length > 0) {
    const names = missed.map((one) => one.generator).join(", ");
    doubts.push(`not caught: the bad generators ${names}, so these rules prove nothing here`);
  }
  const alarms = alarmsOver(run.statistics, new Set(run.rules.map(({ id }) => id)));
  if (alarms.length > 0) doubts.push(`statistics that raised an alarm: ${alarms.join(", ")}`);
  if (doubts.length > 0) {
    const because = `nothing broken over ${extentOf(run)}, but ${doubts.join("; ")}`;
    return { verdict: "inconclusive", because };
  }
  return {
    verdict: "pass",
    because: `${run.rules.length} rules hold over ${extentOf(run)}`,
  };
}

function extentOf({ counts }: Pick<SimulateRun, "counts">): string {
  return `${plural(counts.cases, "case")}, ${plural(counts.reboots, "reboot")}, ${plural(counts.connections, "connection")}`;
}

export function ruleResults(totals: Totals, mode: Campaign["mode"]): SimulateRuleResult[] {
  if (mode === "exhaustive") {
    const rules = [...LIFE_RULES, keyKept].filter(({ id }) => totals.rules[id] !== undefined);
    return rules.map((rule) => ruleResult(rule, totals));
  }
  return [...LIFE_RULES.map((rule) => ruleResult(rule, totals)), spanningResult(totals)];
}

function ruleResult(rule: RuleText, totals: Totals): SimulateRuleResult {
  const total = totals.rules[rule.id];
  const { id, holds, clause, remedy } = rule;
  const findings = total?.findings ?? 0;
  const conclusive = total?.conclusive ?? 0;
  const status = findings > 0 ? "fail" : conclusive > 0 ? "pass" : "open";
  const reason = total?.openReason ?? "no case has run";
  return {
    id,
    status,
    tried: total?.tried ?? 0,
    cases: conclusive,
    findings,
    casesFailed: total?.casesFailed ?? 0,
    ...(status === "open" ? { reason } : {}),
    holds,
    clause,
    remedy,
  };
}

function spanningResult(totals: Pick<Totals, "firstNumbers">): SimulateRuleResult {
  const { id, holds, clause, remedy } = isnRepeatsBetweenDevices;
  const devices = totals.firstNumbers.length;
  const repeats = repeatsBetweenDevices(totals.firstNumbers);
  const status = repeats.length > 0 ? "fail" : devices >= 2 ? "pass" : "open";
  return {
    id,
    status,
    tried: devices,
    cases: devices,
    findings: repeats.length,
    casesFailed: repeats.length,
    ...(status === "open" ? { reason: "two devices are needed; run more cases" } : {}),
    holds,
    clause,
    remedy,
  };
}

/** Failures of the rule that spans devices; they need no replay of a case. */
export function spanningFailures(
  totals: Pick<Totals, "firstNumbers">,
  replay: string,
): SimulateFailure[] {
  const { id, clause, remedy } = isnRepeatsBetweenDevices;
  const repeats = repeatsBetweenDevices(totals.firstNumbers);
  const first = repeats[0];
  if (first === undefined) return [];
  const findings = repeats.slice(0, SIMULATE_BOUNDS.findingsPerFailure).map(
    (repeat): Finding => ({
      rule: id,
      boot: 0,
      timeUs: 0,
      before: repeat.numbers[0],
      after: repeat.numbers[1],
      detail: `the devices of the cases ${repeat.cases[0]} and ${repeat.cases[1]} both began with the ISNs ${repeat.numbers.join(" and ")}`,
    }),
  );
  const none = { boots: 0, connections: 0, faults: 0 };
  return [
    {
      case: first.cases[1],
      rule: id,
      findings,
      clause,
      remedy,
      drawn: none,
      replay,
      story: [],
    },
  ];
}

/** Failures of single cases leave room for those that span cases. */
export function withSpanning(
  own: readonly SimulateFailure[],
  spanning: readonly SimulateFailure[],
): SimulateFailure[] {
  return [...own.slice(0, SIMULATE_BOUNDS.failures - spanning.length), ...spanning];
}

function phaseSpaceOf({ phase, phaseSamples }: Totals): PhaseSpace {
  return { bins: SIMULATE_BOUNDS.phaseBins, counts: phase, samples: phaseSamples };
}

function sorted<V>(record: Readonly<Record<string, V>>): Record<string, V> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A rule of a simulation by its id. */
export function ruleText(id: RuleId): { clause: string; remedy: string } {
  const others = [keyKept, isnRepeatsBetweenDevices];
  const rule = [...LIFE_RULES, ...others].find((one) => one.id === id) ?? isnRepeatsBetweenDevices;
  return { clause: rule.clause, remedy: rule.remedy };
}
