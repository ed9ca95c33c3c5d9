/**
 * What is kept of cases that have run: sums, maxima, and the first few of what cannot be summed.
 * Plain data; adding up does not depend on the order, so that neither workers nor shards show.
 */
import type { Finding, RuleId } from "../check/rule.ts";
import {
  addCounts,
  StatisticsCollector,
  type StatisticsCounts,
} from "../check/statistics/counts.ts";
import type { OpenSample, Sample } from "../core/sample.ts";
import type { PeerName } from "../peers/peer-model.ts";
import type { BoardSettings } from "../virtual/device.ts";
import { FAULT_KINDS, type FaultKind } from "../virtual/fault-kinds.ts";
import { geometryName } from "../virtual/geometries.ts";
import type { LifeScript } from "../virtual/life-script.ts";
import type { JudgedLife } from "./judge-life.ts";
import {
  type DeviceTimeline,
  SIMULATE_BOUNDS,
  type SimulateCounts,
  type SpanningState,
} from "./simulate-run.ts";

/** Failures kept of one rule, those of the lowest cases. */
const FAILURES_PER_RULE = 3;

export interface RuleTotal {
  tried: number;
  conclusive: number;
  findings: number;
  casesFailed: number;
  /** The lowest case that left it open, and why. */
  openCase: number | null;
  openReason: string | null;
}

export interface CaseFailure {
  readonly case: number;
  readonly rule: RuleId;
  readonly findings: readonly Finding[];
}

export interface PeerTotal {
  syns: number;
  synAcks: number;
  refusedByNature: number;
  states: Record<string, number>;
}

export interface WearTotal {
  storage: BoardSettings["storage"];
  devices: number;
  programs: number[];
  erases: number[];
  cyclesMax: number;
}

/** Index of a case, and the first two ISNs of its device. */
type FirstNumbers = SpanningState["firstNumbers"][number];

export interface Totals {
  counts: { -readonly [K in keyof SimulateCounts]: number };
  rules: Partial<Record<RuleId, RuleTotal>>;
  faults: Record<FaultKind, { injected: number; cases: number }>;
  peers: Partial<Record<PeerName, PeerTotal>>;
  failures: CaseFailure[];
  timelines: DeviceTimeline[];
  phase: number[];
  phaseSamples: number;
  ports: number[];
  portSamples: number;
  wear: Record<string, WearTotal>;
  firstNumbers: FirstNumbers[];
  statistics: StatisticsCounts;
}

export function noTotals(): Totals {
  return {
    counts: {
      cases: 0,
      boots: 0,
      powerOns: 0,
      reboots: 0,
      connections: 0,
      samples: 0,
      refusals: 0,
      refusalsDue: 0,
      staleArrivals: 0,
      simulatedS: 0,
    },
    rules: {},
    faults: Object.fromEntries(
      FAULT_KINDS.map((kind) => [kind, { injected: 0, cases: 0 }]),
    ) as Totals["faults"],
    peers: {},
    failures: [],
    timelines: [],
    phase: new Array<number>(SIMULATE_BOUNDS.phaseBins ** 2).fill(0),
    phaseSamples: 0,
    ports: new Array<number>(SIMULATE_BOUNDS.portBins).fill(0),
    portSamples: 0,
    wear: {},
    firstNumbers: [],
    statistics: {},
  };
}

/** Adds `other` to `into`; the order of additions does not matter. */
export function addTotals(into: Totals, other: Totals): void {
  for (const key of Object.keys(into.counts) as (keyof SimulateCounts)[]) {
    into.counts[key] += other.counts[key];
  }
  for (const [id, rule] of entriesOf(other.rules)) addRule(into, id, rule);
  for (const kind of FAULT_KINDS) {
    into.faults[kind].injected += other.faults[kind].injected;
    into.faults[kind].cases += other.faults[kind].cases;
  }
  for (const [name, peer] of entriesOf(other.peers)) addPeer(into, name, peer);
  into.failures = firstFailures([...into.failures, ...other.failures]);
  into.timelines = [...into.timelines, ...other.timelines].sort((a, b) => a.case - b.case);
  addEach(into.phase, other.phase);
  into.phaseSamples += other.phaseSamples;
  addEach(into.ports, other.ports);
  into.portSamples += other.portSamples;
  for (const [name, wear] of Object.entries(other.wear)) addWear(into, name, wear);
  into.statistics = addCounts(into.statistics, other.statistics);
  addFirstNumbers(into.firstNumbers, other.firstNumbers);
}

/** Keeps the order of case indices; what comes behind the rest, as it mostly does, is not sorted in. */
function addFirstNumbers(into: FirstNumbers[], other: readonly FirstNumbers[]): void {
  let last = into.at(-1)?.[0] ?? -1;
  let inOrder = true;
  for (const numbers of other) {
    inOrder &&= numbers[0] > last;
    last = numbers[0];
    into.push(numbers);
  }
  if (!inOrder) into.sort((a, b) => a[0] - b[0]);
}

function entriesOf<K extends string, V>(record: Partial<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

function addEach(into: number[], other: readonly number[]): void {
  for (let i = 0; i < other.length; i++) into[i] = (into[i] ?? 0) + (other[i] ?? 0);
}

function addRule(into: Totals, id: RuleId, rule: RuleTotal): void {
  const own = into.rules[id];
  if (own === undefined) {
    into.rules[id] = { ...rule };
    return;
  }
  own.tried += rule.tried;
  own.conclusive += rule.conclusive;
  own.findings += rule.findings;
  own.casesFailed += rule.casesFailed;
  if (rule.openCase !== null && (own.openCase === null || rule.openCase < own.openCase)) {
    own.openCase = rule.openCase;
    own.openReason = rule.openReason;
  }
}

function addPeer(into: Totals, name: PeerName, peer: PeerTotal): void {
  const own = into.peers[name] ?? { syns: 0, synAcks: 0, refusedByNature: 0, states: {} };
  into.peers[name] = own;
  own.syns += peer.syns;
  own.synAcks += peer.synAcks;
  own.refusedByNature += peer.refusedByNature;
  for (const [state, count] of Object.entries(peer.states)) {
    own.states[state] = (own.states[state] ?? 0) + count;
  }
}

function addWear(into: Totals, name: string, wear: WearTotal): void {
  const own = into.wear[name];
  if (own === undefined) {
    into.wear[name] = { ...wear, programs: [...wear.programs], erases: [...wear.erases] };
    return;
  }
  own.devices += wear.devices;
  addEach(own.programs, wear.programs);
  addEach(own.erases, wear.erases);
  own.cyclesMax = Math.max(own.cyclesMax, wear.cyclesMax);
}

/** The lowest cases of each rule, and of those the lowest: whatever else there is, these stay. */
export function firstFailures<T extends CaseFailure>(failures: readonly T[]): T[] {
  const sorted = [...failures].sort((a, b) => a.case - b.case || (a.rule < b.rule ? -1 : 1));
  const kept = new Map<RuleId, number>();
  return sorted
    .filter(({ rule }) => {
      const count = (kept.get(rule) ?? 0) + 1;
      kept.set(rule, count);
      return count <= FAILURES_PER_RULE;
    })
    .slice(0, SIMULATE_BOUNDS.failures);
}

/** Looks at the samples of one case while it runs. */
export class CaseCollector {
  readonly #script: LifeScript;
  readonly #totals = noTotals();
  readonly #first: number[] = [];
  readonly #binPorts: number;
  readonly #statistics: StatisticsCollector | undefined;
  #last: number | undefined;
  #step: number | undefined;

  constructor(script: LifeScript) {
    this.#script = script;
    const { index, board } = script;
    this.#binPorts = portBinWidth(board.ports);
    // The limits need some thousand connections, not millions, and this costs time.
    if (index < SIMULATE_BOUNDS.statisticsCases) {
      const context = {
        twoMslUs: 2 * board.mslMs * 1000,
        source: "board",
        ports: board.ports,
      } as const;
      this.#statistics = new StatisticsCollector(context);
    }
  }

  watch = (sample: Sample): void => {
    const { counts } = this.#totals;
    this.#statistics?.observe(sample);
    if (sample.kind === "open") this.#opened(sample);
    else if (sample.kind === "refused" && sample.expected) counts.refusalsDue++;
    else if (sample.kind === "stale") counts.staleArrivals++;
  };

  finish(judged: JudgedLife, timeline: DeviceTimeline | undefined): Totals {
    const totals = this.#totals;
    const { result, faults, powerOns, timeUs, life } = judged;
    const { index, board } = this.#script;
    const { counts } = totals;
    counts.cases = 1;
    counts.boots = result.counts.boots;
    counts.reboots = result.counts.boots - 1;
    counts.powerOns = powerOns;
    counts.connections = result.counts.connections;
    counts.samples = result.counts.samples;
    counts.refusals = result.counts.refusals;
    counts.simulatedS = Math.floor(timeUs / 1_000_000);
    for (const rule of result.rules) {
      const open = rule.status === "open";
      totals.rules[rule.id] = {
        tried: rule.judged,
        conclusive: open ? 0 : 1,
        findings: rule.findings,
        casesFailed: rule.findings > 0 ? 1 : 0,
        openCase: open ? index : null,
        openReason: open ? (rule.reason ?? null) : null,
      };
      if (rule.findings > 0) {
        const findings = result.findings
          .filter((one) => one.rule === rule.id)
          .slice(0, SIMULATE_BOUNDS.findingsPerFailure);
        totals.failures.push({ case: index, rule: rule.id, findings });
      }
    }
    for (const kind of FAULT_KINDS) {
      totals.faults[kind] = { injected: faults[kind], cases: faults[kind] > 0 ? 1 : 0 };
    }
    const { nvm } = life;
    totals.wear[geometryName(board.storage)] = {
      storage: board.storage,
      devices: 1,
      programs: [...nvm.programsBySector].slice(0, SIMULATE_BOUNDS.wearSectors),
      erases: [...nvm.erasesBySector].slice(0, SIMULATE_BOUNDS.wearSectors),
      cyclesMax: nvm.wearMax,
    };
    if (timeline !== undefined) totals.timelines.push(timeline);
    totals.statistics = this.#statistics?.counts ?? {};
    const [first, second] = this.#first;
    if (index < SIMULATE_BOUNDS.firstNumbers && first !== undefined && second !== undefined) {
      totals.firstNumbers.push([index, first, second]);
    }
    return totals;
  }

  #opened(sample: OpenSample): void {
    const { answer, isn, boot } = sample;
    if (answer !== undefined) {
      const peer: PeerTotal = this.#totals.peers[answer.peer as PeerName] ?? {
        syns: 0,
        synAcks: 0,
        refusedByNature: 0,
        states: {},
      };
      this.#totals.peers[answer.peer as PeerName] = peer;
      peer.syns++;
      if (answer.kind === "syn-ack") peer.synAcks++;
      if (answer.byNature) peer.refusedByNature++;
      peer.states[answer.state] = (peer.states[answer.state] ?? 0) + 1;
    }
    if (boot === this.#script.boots[0]?.index && this.#first.length < 2) this.#first.push(isn);
    if (sample.portChoice === "allocated") this.#chosen(sample);
  }

  /** A new tuple: its port and its ISN go into the pictures. */
  #chosen({ tuple, isn }: OpenSample): void {
    const totals = this.#totals;
    const bin = Math.floor((tuple.localPort - this.#script.board.ports.first) / this.#binPorts);
    if (bin >= 0 && bin < totals.ports.length) {
      totals.ports[bin] = (totals.ports[bin] ?? 0) + 1;
      totals.portSamples++;
    }
    const step = this.#last === undefined ? undefined : (isn - this.#last) >>> 0;
    if (step !== undefined && this.#step !== undefined) {
      const bins = SIMULATE_BOUNDS.phaseBins;
      const x = Math.floor((step / 2 ** 32) * bins);
      const y = Math.floor((this.#step / 2 ** 32) * bins);
      totals.phase[y * bins + x] = (totals.phase[y * bins + x] ?? 0) + 1;
      totals.phaseSamples++;
    }
    this.#last = isn;
    this.#step = step;
  }
}

/** Ports in a bin of the port picture. */
export function portBinWidth({ first, last }: BoardSettings["ports"]): number {
  return Math.max(1, Math.ceil((last - first + 1) / SIMULATE_BOUNDS.portBins));
}
