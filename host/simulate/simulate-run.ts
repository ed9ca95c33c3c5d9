/**
 * What a report of a simulation is made from: data only, JSON all through, bounded at any length of
 * run. This is the document that `isnkit simulate --format json` writes and that `isnkit report` reads.
 *
 * Times are microseconds of simulated time within one device's life, numbers u32, distances signed
 * mod 2^32. All but `timing` depends on settings, seed and case range only: not on the machine, the
 * number of workers or the shards.
 */
import type { Verdict } from "../check/engine.ts";
import type { Finding, RuleId } from "../check/rule.ts";
import type { StatisticsCounts } from "../check/statistics/counts.ts";
import type { Statistic } from "../check/statistics/statistic.ts";
import type { PeerName } from "../peers/peer-model.ts";
import type { BoardSettings } from "../virtual/device.ts";
import type { FaultKind } from "../virtual/fault-kinds.ts";

export const SIMULATE_SCHEMA = "isnkit.simulate/1";

/** Bounds of the lists below, whatever the length of the run. */
export const SIMULATE_BOUNDS = {
  failures: 20,
  findingsPerFailure: 5,
  timelines: 4,
  timelineBoots: 60,
  timelinePoints: 600,
  phaseBins: 64,
  portBins: 256,
  wearSectors: 32,
  geometries: 64,
  firstNumbers: 16_384,
  /** The first cases, whose connections the statistics are about. */
  statisticsCases: 200,
} as const;

export interface SimulateRun {
  readonly schema: typeof SIMULATE_SCHEMA;
  /** Version of the package, and the first 16 hex digits of the SHA-256 of the module that ran. */
  readonly isnkit: { readonly version: string; readonly module: string };
  readonly verdict: Verdict;
  /** One sentence: what decided the verdict. */
  readonly because: string;
  readonly mode: "swarm" | "exhaustive";
  /** Board selector, `sim` or `sim:<generator>`. */
  readonly board: string;
  readonly seed: number;
  /** The settings in force, defaults filled in, as a campaign file gives them. */
  readonly settings: SimulateSettingsData;
  /** First 16 hex digits of the SHA-256 of `settings`, mode, board and seed. */
  readonly settingsHash: string;
  /** Which of the campaign's cases this document is about. */
  readonly cases: CaseRange;
  /** The command that repeats the whole run. */
  readonly replay: string;
  readonly rules: readonly SimulateRuleResult[];
  readonly counts: SimulateCounts;
  /** How well the numbers are hidden, over the first cases (docs/statistics.md). */
  readonly statistics: readonly Statistic[];
  readonly faults: readonly FaultCount[];
  readonly peers: readonly PeerCount[];
  readonly canaries: readonly CanaryResult[];
  /** The first failures by case index; all are counted in `rules`. */
  readonly failures: readonly SimulateFailure[];
  readonly timelines: readonly DeviceTimeline[];
  readonly phaseSpace: PhaseSpace;
  readonly ports: PortHistogram;
  readonly wear: readonly WearMap[];
  /** What the checks that span all devices need, and what a merge adds up. */
  readonly spanning: SpanningState;
  readonly notes: readonly string[];
  /** The only part that differs from run to run. */
  readonly timing: SimulateTiming;
}

/** Plain JSON; host/sources/campaign-file.ts has the schema. */
export type SimulateSettingsData = Readonly<Record<string, unknown>>;

export interface CaseRange {
  /** Cases of the whole campaign are 0 … total − 1. */
  readonly total: number;
  /** This document holds first … first + count − 1. */
  readonly first: number;
  readonly count: number;
  /** `i/n`, i from 1; absent for a run of all cases (or a merged one). */
  readonly shard?: string;
  /** False after an interrupt: fewer cases ran than were due. */
  readonly complete: boolean;
}

export interface SimulateRuleResult {
  readonly id: RuleId;
  readonly status: "pass" | "fail" | "open";
  /** Comparisons made, over all cases. */
  readonly tried: number;
  /** Cases in which it came to a verdict of its own. */
  readonly cases: number;
  /** Breaches, over all cases, and the cases that had one. */
  readonly findings: number;
  readonly casesFailed: number;
  /** Why it is open. */
  readonly reason?: string;
  readonly holds: string;
  readonly clause: string;
  readonly remedy: string;
}

export interface SimulateCounts {
  readonly cases: number;
  /** Power-ons that got through, and all of them, with those that power failed in again. */
  readonly boots: number;
  readonly powerOns: number;
  readonly reboots: number;
  readonly connections: number;
  readonly samples: number;
  readonly refusals: number;
  /** Refusals that the scenario called for (quiet time, failing storage). */
  readonly refusalsDue: number;
  /** Segments of earlier incarnations that reached a new one, at either end. */
  readonly staleArrivals: number;
  /** Simulated time in whole seconds of each device, all together. */
  readonly simulatedS: number;
}

export interface FaultCount {
  readonly kind: FaultKind;
  /** Rate per boot as set; 0 is off. */
  readonly rate: number;
  /** Times that it really happened (power failed in there, bits flipped, a write failed, …). */
  readonly injected: number;
  /** Cases in which it happened. */
  readonly cases: number;
}

export interface PeerCount {
  readonly peer: PeerName;
  /** First SYNs, and those answered by SYN-ACK. */
  readonly syns: number;
  readonly synAcks: number;
  /** First SYNs that this server refuses however good the numbers are (docs/simulate.md). */
  readonly refusedByNature: number;
  /** First SYNs by the server's state, as `TIME_WAIT`, in order of the name. */
  readonly states: Readonly<Record<string, number>>;
}

/** A bad generator that has to be caught, or the run proves nothing. */
export interface CanaryResult {
  readonly generator: string;
  /** Who does this in the field. */
  readonly field: string;
  /** The rules that have to catch it, and those that did. */
  readonly expected: readonly RuleId[];
  readonly failed: readonly RuleId[];
  readonly caught: boolean;
  readonly cases: number;
  readonly reboots: number;
}

export interface SimulateFailure {
  readonly case: number;
  readonly rule: RuleId;
  /** The first findings of this rule in the shrunk case (or in the case, if it was not shrunk). */
  readonly findings: readonly Finding[];
  readonly clause: string;
  readonly remedy: string;
  /** Size of the case as it was drawn, and as small as it could be made with the rule still broken. */
  readonly drawn: CaseSize;
  readonly shrunk?: CaseSize & { readonly case: string };
  /** One line that shows it again: the shrunk case if there is one. */
  readonly replay: string;
  /** The same on an emulated board, where the fault can be made there. */
  readonly replayOnBoard?: string;
  /** The life of the device in words, one line an event; at most 40 lines. */
  readonly story: readonly string[];
}

export interface CaseSize {
  readonly boots: number;
  readonly connections: number;
  readonly faults: number;
}

/** The beginning of one device's life; `…LeftOut` say how much is beyond the bounds. */
export interface DeviceTimeline {
  readonly case: number;
  readonly storage: BoardSettings["storage"];
  readonly boots: readonly TimelineBoot[];
  /** Durable sequence ceilings in ticks of 4 µs of the device's clock V (below 2^53), as records say. */
  readonly ceilings: readonly { readonly timeUs: number; readonly ticks: number }[];
  readonly series: readonly TimelineSeries[];
  readonly pointsLeftOut: number;
  readonly bootsLeftOut: number;
}

export interface TimelineBoot {
  readonly boot: number;
  /** Power-on that got through, and the end. */
  readonly fromUs: number;
  readonly toUs: number;
  /** How it ended: `power-cut`, `reset`, or `end` for the last one. */
  readonly end: string;
  /** Faults that struck in this boot or before it. */
  readonly faults: readonly FaultKind[];
  /** Where V stood at power-on, as far as the journal tells, in ticks; absent when it does not. */
  readonly startTicks?: number;
}

export interface TimelineSeries {
  /** `10.77.0.2:5000 > 10.77.0.1:1883`, or `10.77.0.2:* > …` for the ports that the device chose. */
  readonly tuple: string;
  readonly points: readonly TimelinePoint[];
}

export interface TimelinePoint {
  readonly timeUs: number;
  readonly boot: number;
  readonly isn: number;
  /** One past the last number that the connection used, once it is over. */
  readonly next?: number;
  /**
   * The ISN as a point of the device's clock V, in ticks: comparable over all tuples, and with the
   * ceilings. Absent when the journal does not tell where V stood.
   */
  readonly ticks?: number;
  /** The server's answer to the first SYN: `syn-ack`, `ack`, `rst`, `silence`. */
  readonly answer?: string;
}

/**
 * Delay coordinates of ISNs of new tuples, summed over devices: bin (x, y) counts pairs of steps
 * x = ISN[n] − ISN[n−1], y = ISN[n−1] − ISN[n−2] mod 2^32, by their top bits. Row-major, y × bins + x.
 */
export interface PhaseSpace {
  readonly bins: number;
  readonly counts: readonly number[];
  readonly samples: number;
}

/** Ports that devices chose, in equal bins over first … last (the last bin may be narrower). */
export interface PortHistogram {
  readonly first: number;
  readonly last: number;
  readonly binPorts: number;
  readonly counts: readonly number[];
  readonly samples: number;
}

/** Wear by sector (key-value store: by key), summed over all devices with this part. */
export interface WearMap {
  readonly storage: BoardSettings["storage"];
  readonly devices: number;
  readonly programs: readonly number[];
  readonly erases: readonly number[];
  /** Cycles of the most used sector (EEPROM: granule) of any one device. */
  readonly cyclesMax: number;
}

export interface SpanningState {
  /**
   * First two ISNs of the devices 0 … firstNumbers − 1 that opened two connections in their first
   * boot: case index and both numbers, in order of the index.
   */
  readonly firstNumbers: readonly (readonly [caseIndex: number, first: number, second: number])[];
  /** Sums that the statistics are made from. */
  readonly statistics: StatisticsCounts;
}

export interface SimulateTiming {
  readonly elapsedMs: number;
  readonly workers: number;
  readonly rebootsPerSecond: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}
