/** The cases of exhaustive mode: one operation of one workload on one geometry, cut in every way. */

import type { FaultKind } from "../../virtual/fault-kinds.ts";
import type { NvmGeometry } from "../../virtual/nvm.ts";
import { noTotals, type Totals } from "../totals.ts";
import { Breach } from "./oracle.ts";
import {
  FIRST_KEY,
  NEW_KEY,
  operationsOf,
  type Scenario,
  STEADY,
  type SweepOptions,
  type SweepTally,
  sweepAt,
} from "./power-cuts.ts";

const SCENARIOS: readonly Scenario[] = [STEADY, FIRST_KEY, NEW_KEY];

/** The rules that the oracle judges. */
export const ORACLE_RULES = [
  "isn-backward",
  "tsval-backward",
  "port-reuse",
  "quiet-time",
  "refused",
  "memory-contract",
  "key-kept",
] as const;

export interface Point {
  readonly geometry: NvmGeometry;
  readonly scenario: Scenario;
  /** The operation that is cut; UNCUT: none. */
  readonly at: number;
}

/** Each workload also runs as it is: what is broken without any cut needs no cut to be found. */
const UNCUT = -1;

/** What is cut, and how deep. */
export type CutSubject = Pick<SweepOptions, "instantiate" | "seed" | "depth">;

/** The cases on one geometry, in order. */
export function* pointsOn(subject: CutSubject, geometry: NvmGeometry): Generator<Point> {
  for (const scenario of SCENARIOS) {
    yield { geometry, scenario, at: UNCUT };
    let operations = 0;
    const breach = breachOf(() => {
      operations = operationsOf({ ...subject, geometry, scenario });
    });
    if (breach !== undefined) continue;
    for (let at = 0; at < operations; at++) yield { geometry, scenario, at };
  }
}

/** Runs one case; `index` is its number in the campaign. */
export function runPoint(
  subject: CutSubject,
  { geometry, scenario, at }: Point,
  index: number,
): Totals {
  const tally: SweepTally = { tried: {}, cuts: {}, lives: 0, powerOns: 0 };
  const sweep = { ...subject, geometry, scenario, tally };
  const breach = breachOf(() => (at === UNCUT ? operationsOf(sweep) : sweepAt(sweep, at)));
  const totals = noTotals();
  totals.counts.cases = 1;
  totals.counts.boots = tally.powerOns;
  totals.counts.powerOns = tally.powerOns;
  totals.counts.reboots = tally.powerOns - tally.lives;
  totals.counts.connections = (tally.tried["isn-backward"] ?? 0) + (tally.tried["port-reuse"] ?? 0);
  for (const [kind, injected] of Object.entries(tally.cuts)) {
    totals.faults[kind as FaultKind] = { injected, cases: 1 };
  }
  for (const id of ORACLE_RULES) {
    const tried = tally.tried[id] ?? 0;
    const broken = breach?.rule === id;
    totals.rules[id] = {
      tried,
      conclusive: tried > 0 || broken ? 1 : 0,
      findings: broken ? 1 : 0,
      casesFailed: broken ? 1 : 0,
      openCase: tried > 0 ? null : index,
      openReason: tried > 0 ? null : "no workload got that far",
    };
  }
  if (breach !== undefined) {
    const finding = { rule: breach.rule, boot: 0, timeUs: 0, detail: breach.message };
    totals.failures.push({ case: index, rule: breach.rule, findings: [finding] });
  }
  return totals;
}

function breachOf(run: () => unknown): Breach | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Breach) return error;
    throw error;
  }
}
