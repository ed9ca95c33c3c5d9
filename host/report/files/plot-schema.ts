/** What a report file says for its plots (host/report/plots/plot-data.ts), bounded. */
import { z } from "zod";
import { list, name, signed, timeUs, u32, whole } from "./bounds.ts";

const numbers = (max: number) => list(z.number().min(-1e16).max(1e16), max);

const track = z.strictObject({
  name,
  seen: whole,
  timesUs: list(timeUs, 4_000),
  isns: list(u32, 4_000),
  boots: list(whole, 4_000),
  advances: numbers(4_000),
  breaches: list(whole, 4_000),
  fresh: list(whole, 4_000),
});

const band = z.strictObject({
  kind: z.enum(["lease", "quiet"]),
  fromUs: timeUs,
  toUs: timeUs,
  low: z.number().optional(),
  high: z.number().optional(),
});

const view = z.strictObject({
  title: name,
  fromUs: timeUs,
  toUs: timeUs,
  tracks: list(track, 32),
  single: z.strictObject({ timesUs: list(timeUs, 10_000), isns: list(u32, 10_000) }),
  boots: list(z.strictObject({ boot: whole, timeUs, cause: name.optional() }), 10_000),
  bands: list(band, 10_000),
  every: whole,
  later: whole.optional(),
  mark: name.optional(),
});

const phase = z.strictObject({
  side: z.number().int().min(1).max(256),
  cells: list(whole, 131_072),
  pairs: whole,
  points: list(signed, 30_000),
});

const ports = z.strictObject({
  first: u32.max(65_535),
  last: u32.max(65_535),
  binPorts: u32.min(1).max(65_536),
  bins: list(whole, 65_536),
  total: whole,
  points: list(whole, 20_000),
});

const part = z.strictObject({
  title: name,
  devices: whole,
  erases: list(whole, 4_096),
  programs: list(whole, 4_096),
  cyclesMax: whole,
  enduranceCycles: whole,
});

const history = z.strictObject({
  boots: list(whole, 4_000),
  writes: list(whole, 4_000),
  erasesMax: list(whole, 4_000),
});

const activity = z.strictObject({
  binUs: z.number().min(0),
  outcomes: list(z.strictObject({ name, good: z.boolean(), counts: list(whole, 1_000) }), 16),
});

export const plotSchema = z.strictObject({
  samples: whole,
  of: name.optional(),
  activity: activity.optional(),
  views: list(view, 16),
  phase: phase.optional(),
  ports: ports.optional(),
  wear: z.strictObject({ history: history.optional(), parts: list(part, 64) }).optional(),
});
