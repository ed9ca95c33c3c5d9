/** The file that `isnkit simulate --format json` writes. */
import { z } from "zod";
import { STATISTIC_IDS } from "../../check/statistics/statistic.ts";
import { findingShape, ruleId, statisticSchema } from "../../check/views/check-schema.ts";
import { list, name, text, timeUs, u32, whole } from "../../report/files/bounds.ts";
import { FAULT_KINDS } from "../../virtual/fault-kinds.ts";
import { SIMULATE_SCHEMA, type SimulateRun } from "../simulate-run.ts";

const share = z.number().min(0).max(1e6);
const peer = z.enum(["linux", "freebsd", "openbsd", "aix", "lwip"]);

const storage = z.strictObject({
  kind: z.enum(["nor", "eeprom", "keyValue"]),
  sectorBytes: whole,
  sectors: whole,
  granule: whole,
  enduranceCycles: whole,
});

const size = { boots: whole, connections: whole, faults: whole };

const rule = z.strictObject({
  id: ruleId,
  status: z.enum(["pass", "fail", "open"]),
  tried: whole,
  cases: whole,
  findings: whole,
  casesFailed: whole,
  reason: text.optional(),
  holds: text,
  clause: text,
  remedy: text,
});

const failure = z.strictObject({
  case: whole,
  rule: ruleId,
  findings: list(z.strictObject(findingShape), 100),
  clause: text,
  remedy: text,
  drawn: z.strictObject(size),
  shrunk: z.strictObject({ ...size, case: text }).optional(),
  replay: text,
  replayOnBoard: text.optional(),
  story: list(text, 200),
});

const point = z.strictObject({
  timeUs,
  boot: whole,
  isn: u32,
  next: u32.optional(),
  ticks: z.number().optional(),
  answer: name.optional(),
});

const timeline = z.strictObject({
  case: whole,
  storage,
  boots: list(
    z.strictObject({
      boot: whole,
      fromUs: timeUs,
      toUs: timeUs,
      end: name,
      faults: list(z.enum(FAULT_KINDS), 64),
      startTicks: z.number().optional(),
    }),
    2_000,
  ),
  ceilings: list(z.strictObject({ timeUs, ticks: z.number() }), 10_000),
  series: list(z.strictObject({ tuple: name, points: list(point, 5_000) }), 64),
  pointsLeftOut: whole,
  bootsLeftOut: whole,
});

const simulateDocument = z.strictObject({
  schema: z.literal(SIMULATE_SCHEMA),
  isnkit: z.strictObject({ version: name, module: name }),
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  because: text,
  mode: z.enum(["swarm", "exhaustive"]),
  board: name,
  seed: u32,
  settings: z.record(name, z.unknown()),
  settingsHash: name,
  cases: z.strictObject({
    total: whole,
    first: whole,
    count: whole,
    shard: name.optional(),
    complete: z.boolean(),
  }),
  replay: text,
  rules: list(rule, 64),
  counts: z.strictObject({
    cases: whole,
    boots: whole,
    powerOns: whole,
    reboots: whole,
    connections: whole,
    samples: whole,
    refusals: whole,
    refusalsDue: whole,
    staleArrivals: whole,
    simulatedS: z.number().min(0),
  }),
  faults: list(
    z.strictObject({ kind: z.enum(FAULT_KINDS), rate: share, injected: whole, cases: whole }),
    64,
  ),
  peers: list(
    z.strictObject({
      peer,
      syns: whole,
      synAcks: whole,
      refusedByNature: whole,
      states: z.record(name, whole),
    }),
    16,
  ),
  canaries: list(
    z.strictObject({
      generator: name,
      field: text,
      expected: list(ruleId, 64),
      failed: list(ruleId, 64),
      caught: z.boolean(),
      cases: whole,
      reboots: whole,
    }),
    64,
  ),
  failures: list(failure, 1_000),
  timelines: list(timeline, 64),
  phaseSpace: z.strictObject({
    bins: z.number().int().min(1).max(256),
    counts: list(whole, 65_536),
    samples: whole,
  }),
  ports: z.strictObject({
    first: u32.max(65_535),
    last: u32.max(65_535),
    binPorts: u32.min(1).max(65_536),
    counts: list(whole, 65_536),
    samples: whole,
  }),
  wear: list(
    z.strictObject({
      storage,
      devices: whole,
      programs: list(whole, 4_096),
      erases: list(whole, 4_096),
      cyclesMax: whole,
    }),
    256,
  ),
  spanning: z.strictObject({
    firstNumbers: list(z.tuple([whole, u32, u32]), 100_000),
    statistics: z.partialRecord(z.enum(STATISTIC_IDS), list(z.number(), 4_096)),
  }),
  notes: list(text, 10_000),
  timing: z.strictObject({
    elapsedMs: z.number().min(0),
    workers: whole,
    rebootsPerSecond: z.number().min(0),
    startedAt: name,
  }),
  statistics: list(statisticSchema, 64),
});

/** Throws ZodError for whatever is no such document. */
export function parseSimulateDocument(value: unknown): SimulateRun {
  return simulateDocument.parse(value) as SimulateRun;
}
