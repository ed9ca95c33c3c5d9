/**
 * Exhaustive mode: every power cut of three workloads (steady use, the first key, a new key) on every
 * geometry: before, after and inside each memory operation, torn at each granule; two deep, the
 * recovery from it is cut at each of its operations as well. A case is one operation of one workload on
 * one geometry. What has to hold is kept outside the device (oracle.ts).
 */
import { IsnModule } from "../../module/isn-module.ts";
import { makeRewindable } from "../../module/rewindable.ts";
import type { NvmGeometry } from "../../sim/nvm.ts";
import type { Campaign, CaseRunner } from "../campaign.ts";
import type { FaultKind } from "../fault-kinds.ts";
import { GEOMETRIES } from "../geometries.ts";
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
const ORACLE_RULES = [
  "isn-backward",
  "tsval-backward",
  "port-reuse",
  "quiet-time",
  "refused",
  "memory-contract",
  "key-kept",
] as const;

interface Point {
  readonly geometry: NvmGeometry;
  readonly scenario: Scenario;
  /** The operation that is cut; UNCUT: none. */
  readonly at: number;
}

/** Each workload also runs as it is: what is broken without any cut needs no cut to be found. */
const UNCUT = -1;

type Source = Pick<Campaign, "wasm" | "seed" | "depth">;
type Common = Pick<SweepOptions, "instantiate" | "seed" | "depth">;

/** Cases of an exhaustive campaign. */
export function exhaustiveCases(campaign: Source): number {
  return pointsOf(commonOf(campaign)).length;
}

export function exhaustiveRunner(campaign: Source): CaseRunner {
  const common = commonOf(campaign);
  const points = pointsOf(common);
  return {
    run: (index) => {
      const point = points[index];
      return point === undefined ? noTotals() : runPoint(common, point, index);
    },
  };
}

function commonOf({ wasm, seed, depth = 1 }: Source): Common {
  const module = new WebAssembly.Module(makeRewindable(wasm));
  return { instantiate: IsnModule.rewinding(module), seed, depth };
}

function pointsOf(common: Common): Point[] {
  const points: Point[] = [];
  for (const geometry of GEOMETRIES) {
    for (const scenario of SCENARIOS) {
      points.push({ geometry, scenario, at: UNCUT });
      let operations = 0;
      const breach = breachOf(() => {
        operations = operationsOf({ ...common, geometry, scenario });
      });
      if (breach !== undefined) continue;
      for (let at = 0; at < operations; at++) points.push({ geometry, scenario, at });
    }
  }
  return points;
}

function runPoint(common: Common, { geometry, scenario, at }: Point, index: number): Totals {
  const tally: SweepTally = { tried: {}, cuts: {}, lives: 0, powerOns: 0 };
  const sweep = { ...common, geometry, scenario, tally };
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
