/**
 * Power cuts at every program and erase of a scenario: before, after, and torn inside at every
 * granule; then, two deep, at every operation of the recovery that follows. Each case can be named
 * and run alone: the text of a failure is the argument that replays it.
 */
import type { RuleId } from "../../check/rule.ts";
import { STATE } from "../../module/abi.ts";
import type { FaultKind } from "../../virtual/fault-kinds.ts";
import { type NvmGeometry, PowerCut, type PowerCutPlan } from "../../virtual/nvm.ts";
import {
  instantiateOf,
  KEY,
  KEY_2,
  LOCAL,
  type ModuleCalls,
  PowerLab,
  type PowerLabOptions,
  REMOTE,
} from "./lab.ts";
import { Breach, GUARD, Oracle } from "./oracle.ts";

const BOUND = [5000, 5001];
const OTHER = 0x0a4d_0007;

type CutLab = PowerLab<ModuleCalls>;

export interface Scenario {
  readonly name: string;
  /** Prepares the device; not cut. */
  prepare(lab: CutLab, oracle: Oracle): void;
  /** Runs with a power cut armed. */
  run(lab: CutLab, oracle: Oracle): void;
  /** States that are due after a cut in `run`. Default: READY. */
  readonly due?: readonly number[];
}

function use(lab: CutLab, oracle: Oracle): void {
  const module = lab.module;
  oracle.checkKey(module);
  for (const port of BOUND) oracle.connect(module, port, GUARD - 1);
  oracle.allocate(module, REMOTE);
  oracle.allocate(module, OTHER);
}

function fingerprintOf(options: SweepOptions, key: Uint8Array): number {
  const { geometry } = options;
  const instantiate = instantiateOf<ModuleCalls>(options);
  return new PowerLab<ModuleCalls>({ instantiate, geometry }).commission(key).fingerprint();
}

/** Boots, uses, renews leases on time and late, sends faster than the clock, rotates sectors. */
export const STEADY: Scenario = {
  name: "steady",
  prepare(lab, oracle) {
    oracle.fingerprints = [lab.commission().fingerprint()];
    use(lab, oracle);
  },
  run(lab, oracle) {
    for (let boot = 0; boot < 2; boot++) {
      lab.powerOn();
      use(lab, oracle);
      // The last poll finds just enough of the first lease; what is used at its end leans on the guard.
      lab.wait(2_050);
      lab.time.advance(990_000);
      use(lab, oracle);
      lab.wait(6_000);
      use(lab, oracle);
      oracle.advance(lab.module, BOUND[0] ?? 0, 20_000_000);
      for (let i = 0; i < 17; i++) oracle.allocate(lab.module, REMOTE);
      use(lab, oracle);
    }
  },
};

/** The first provisioning of a blank device. A cut may leave it without a key, or corrupt. */
export const FIRST_KEY: Scenario = {
  name: "first key",
  prepare(_lab, oracle) {
    oracle.fingerprints = [];
  },
  run(lab, oracle) {
    lab.powerOn();
    const wasm = oracle.fingerprints;
    oracle.fingerprints = [...wasm, lastPrint];
    if (lab.module.provision(KEY, 2) !== 1) throw new Breach("refused: provisioning");
    use(lab, oracle);
  },
  due: [STATE.ready, STATE.unprovisioned, STATE.failed],
};

/** Fingerprints of the two keys, set by `sweep` for the module under test. */
let lastPrint = 0;
let otherPrint = 0;

/** Replacing the key, and the end of the quiet time that follows. */
export const NEW_KEY: Scenario = {
  name: "new key",
  prepare(lab, oracle) {
    oracle.fingerprints = [lab.commission().fingerprint()];
    use(lab, oracle);
    lab.powerOn();
    use(lab, oracle);
  },
  run(lab, oracle) {
    oracle.fingerprints = [lastPrint, otherPrint];
    const module = lab.module;
    if (module.provision(KEY_2, 1) !== 1) throw new Breach("refused: replacing the key");
    oracle.fingerprints = [otherPrint];
    oracle.count("quiet-time");
    if (module.isn4(LOCAL, 5000, REMOTE, 80) !== 0)
      throw new Breach("quiet time broken", "quiet-time");
    lab.wait(239_000);
    // In the last second a record may say that it is over, and then the old numbers are history.
    oracle.forgetNumbers();
    lab.wait(1_000);
    use(lab, oracle);
    lab.wait(6_000);
    use(lab, oracle);
  },
  due: [STATE.ready, STATE.quiet],
};

export interface SweepOptions {
  /** As the lab takes them. */
  readonly wasm?: WebAssembly.Module;
  readonly instantiate?: PowerLabOptions<ModuleCalls>["instantiate"];
  /** Counts what is done, if somebody wants to know. */
  readonly tally?: SweepTally;
  readonly geometry: NvmGeometry;
  readonly scenario: Scenario;
  /** 1: cuts in the scenario. 2: cuts in the recovery as well. */
  readonly depth: 1 | 2;
  readonly seed?: number;
  /** The cuts to try at operation `at`, at both depths; all of them when absent. */
  readonly cuts?: (at: number) => Iterable<PowerCutPlan>;
}

export interface SweepResult {
  /** Operations of the scenario that were cut. */
  readonly operations: number;
  readonly cases: number;
}

export interface SweepTally {
  /** Comparisons made, by rule. */
  readonly tried: Partial<Record<RuleId, number>>;
  /** Power cuts that happened, by where they hit. */
  readonly cuts: Partial<Record<FaultKind, number>>;
  /** Devices that were led through cut and recovery; and power-ons. */
  lives: number;
  powerOns: number;
}

/** Runs all cases; throws `Breach` with the case's name at the first law that is broken. */
export function sweep(options: SweepOptions): SweepResult {
  const operations = operationsOf(options);
  let cases = 0;
  for (let at = 0; at < operations; at++) cases += sweepAt(options, at);
  if (operations === 0) throw new Error(`scenario ${options.scenario.name} wrote nothing`);
  return { operations, cases };
}

/** All cuts at one operation of the scenario. Returns the number of cases; throws `Breach`. */
export function sweepAt(options: SweepOptions, at: number): number {
  const { geometry, depth } = options;
  lastPrint = fingerprintOf(options, KEY);
  otherPrint = fingerprintOf(options, KEY_2);
  let cases = 0;
  for (const plan of options.cuts?.(at) ?? plans(geometry, at, false)) {
    // Two deep, every granule is torn in one way; one deep, in three.
    const deep = plan.phase !== "torn" || plan.mask === undefined || options.cuts !== undefined;
    cases += runCase(options, plan, deep ? depth : 1);
  }
  return cases;
}

function newLab(options: SweepOptions): CutLab {
  const { geometry, seed = 1 } = options;
  return new PowerLab({ instantiate: instantiateOf<ModuleCalls>(options), geometry, seed });
}

/** Memory operations of the scenario: where it can be cut. */
export function operationsOf(options: SweepOptions): number {
  lastPrint = fingerprintOf(options, KEY);
  otherPrint = fingerprintOf(options, KEY_2);
  return countOperations(options);
}

function countOperations(options: SweepOptions): number {
  const lab = newLab(options);
  const oracle = new Oracle();
  options.scenario.prepare(lab, oracle);
  const before = lab.nvm.operations;
  options.scenario.run(lab, oracle);
  return lab.nvm.operations - before;
}

/** The ways to cut operation `after`; `coarse` takes one way to tear a granule, not three. */
function* plans(geometry: NvmGeometry, after: number, coarse: boolean): Generator<PowerCutPlan> {
  yield { after, phase: "before" };
  yield { after, phase: "after" };
  if (geometry.kind === "keyValue") {
    for (let i = 0; i < 4; i++) yield { after, phase: "torn" };
    return;
  }
  const granules = Math.max(1, Math.ceil(32 / geometry.granule));
  for (let g = 0; g < granules; g++) {
    // Where a copy has many granules, recovery is torn at its ends and in the middle.
    const inner = g !== 0 && g !== granules - 1 && g !== granules >> 1;
    if (coarse && granules > 8 && inner) continue;
    // One bit, all bits, and bits drawn by chance.
    for (const mask of [0x01, 0xff, undefined]) {
      if (coarse && mask !== undefined) continue;
      yield { after, phase: "torn", wholeGranules: g, ...(mask === undefined ? {} : { mask }) };
    }
  }
}

/** One cut in the scenario, then recovery, plain or cut itself. Returns the number of cases. */
function runCase(options: SweepOptions, plan: PowerCutPlan, depth: 1 | 2): number {
  const { geometry, scenario } = options;
  const name = (second?: PowerCutPlan) =>
    `${scenario.name} on ${geometry.kind} ${geometry.sectors}×${geometry.sectorBytes}/` +
    `${geometry.granule}, cut ${JSON.stringify(plan)}` +
    (second ? `, then ${JSON.stringify(second)}` : "");
  const lab = newLab(options);
  const oracle = new Oracle(options.tally?.tried);
  scenario.prepare(lab, oracle);
  lab.nvm.armCut(plan);
  named(name(), () => runUntilCut(options, lab, () => scenario.run(lab, oracle)));
  const snapshot = lab.nvm.snapshot();
  const recoveryOperations = named(name(), () => recover(options, lab, oracle.clone()));
  let cases = 1;
  if (depth === 1) return counted(options, lab, cases);
  for (let at = 0; at < recoveryOperations; at++) {
    for (const second of options.cuts?.(at) ?? plans(geometry, at, true)) {
      lab.nvm.restore(snapshot);
      lab.nvm.armCut(second);
      named(name(second), () => {
        const again = oracle.clone();
        runUntilCut(options, lab, () => lab.powerOn());
        recover(options, lab, again);
      });
      cases++;
    }
  }
  return counted(options, lab, cases);
}

function counted({ tally }: SweepOptions, lab: CutLab, cases: number): number {
  if (tally === undefined) return cases;
  tally.lives += cases;
  tally.powerOns += lab.powerOns;
  return cases;
}

function runUntilCut({ tally }: SweepOptions, lab: CutLab, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    if (tally !== undefined) {
      const torn = error.kind === "erase" ? "partial-erase" : "torn-write";
      const kind = error.phase === "torn" ? torn : "power-cut-in-write";
      tally.cuts[kind] = (tally.cuts[kind] ?? 0) + 1;
    }
  } finally {
    lab.nvm.armCut(undefined);
    lab.powerOff();
  }
}

/** Boots and uses the device twice more; returns the memory operations of the first boot. */
function recover(options: SweepOptions, lab: CutLab, oracle: Oracle): number {
  const { due = [STATE.ready] } = options.scenario;
  const before = lab.nvm.operations;
  const module = lab.powerOn();
  const operations = lab.nvm.operations - before;
  const state = module.state();
  // Whatever state is due: a device that has a key must not have a foreign one.
  if (state === STATE.ready || state === STATE.quiet) oracle.checkKey(module);
  if (!due.includes(state)) {
    throw new Breach(`refused: state ${state}, reason ${module.reason()} after the cut`);
  }
  if (state === STATE.ready) use(lab, oracle);
  if (state === STATE.quiet) {
    oracle.count("quiet-time");
    if (module.isn4(LOCAL, 5000, REMOTE, 80) !== 0)
      throw new Breach("quiet time broken", "quiet-time");
    lab.wait(240_000);
    oracle.forgetNumbers();
    use(lab, oracle);
  }
  if (state === STATE.unprovisioned || state === STATE.failed) {
    // The service gives it a key again; storage is not blank, so it keeps quiet first.
    if (lab.module.provision(KEY, 0) !== 1) throw new Breach("refused: provisioning again");
    oracle.fingerprints = [lastPrint];
    lab.wait(240_000);
    use(lab, oracle);
  }
  lab.powerOn();
  use(lab, oracle);
  oracle.count("memory-contract");
  const violation = lab.nvm.violations[0];
  if (violation !== undefined)
    throw new Breach(`memory: ${violation.kind} at ${violation.at}`, "memory-contract");
  return operations;
}

function named<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Breach)) throw error;
    throw new Breach(`${error.message} (${name})`, error.rule);
  }
}
