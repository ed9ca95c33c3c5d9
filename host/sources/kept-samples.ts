/**
 * Partial results of a check: an append-only file, one line of JSON each (NDJSON): what the run is, its
 * samples, and how many boots are done. A run that was cut short goes on from there; the rules run again
 * over all of it. A last line that was cut short is dropped.
 */
import {
  closeSync,
  createReadStream,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import { BenchError, UsageError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import type { CampaignPosition } from "./boot-stream.ts";

const KEPT_SCHEMA = "isnkit.samples/1";

const u32 = z.int().min(0).max(0xffff_ffff);

function rangeUpTo(most: number) {
  const whole = z.int().min(0).max(most);
  return z.strictObject({ min: whole, max: whole });
}

const header = z.strictObject({
  schema: z.literal(KEPT_SCHEMA),
  /** Board selector. */
  board: z.string().min(1).max(4096),
  seed: u32,
  reboots: z.int().min(1).max(1_000_000_000),
  /** What the campaign file says of it. */
  plan: z.strictObject({
    servers: z
      .array(
        z.strictObject({
          address: z.string().min(1).max(64),
          port: z.int().min(1).max(65_535),
          boundPort: z.int().min(1).max(65_535).exactOptional(),
        }),
      )
      .min(1)
      .max(64)
      .exactOptional(),
    connectionsPerBoot: rangeUpTo(1_000).exactOptional(),
    bytes: rangeUpTo(2 ** 30).exactOptional(),
    closesFirst: z.enum(["device", "server", "either"]).exactOptional(),
    uptimeUs: rangeUpTo(Number.MAX_SAFE_INTEGER).exactOptional(),
    offUs: rangeUpTo(Number.MAX_SAFE_INTEGER).exactOptional(),
    mslMs: z.int().min(1_000).max(600_000).exactOptional(),
    rungs: z.array(z.string().min(1).max(100)).min(1).max(16).exactOptional(),
  }),
});

/** What a campaign file asks of a bench, beside seed and reboots. */
export type BenchPlan = KeptHeader["plan"];

/** What a run is. */
export type KeptHeader = Omit<z.infer<typeof header>, "schema">;

const timeUs = z.number().finite().min(0);
const boot = z
  .int()
  .min(0)
  .max(2 ** 40);
const address = z.string().min(1).max(64);
const port = z.int().min(0).max(65_535);
const tuple = z.strictObject({
  localAddress: address,
  localPort: port,
  remoteAddress: address,
  remotePort: port,
});
const at = { boot, timeUs };
const text = z.string().max(200);

const sample: z.ZodType<Sample> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("boot"),
    ...at,
    requested: z.boolean(),
    persistedBootCount: z.int().min(0).exactOptional(),
    cause: text.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("open"),
    ...at,
    tuple,
    isn: u32,
    tsval: u32.exactOptional(),
    portChoice: z.enum(["allocated", "bound", "unknown"]),
    frame: z.int().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("used"),
    ...at,
    tuple,
    next: u32,
    tsval: u32.exactOptional(),
    frame: z.int().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("refused"),
    ...at,
    call: z.enum(["boot", "port", "isn", "timestamp", "advance", "close"]),
    reason: text,
    expected: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("storage-lost"), ...at }),
  z.strictObject({
    kind: z.literal("nvm"),
    ...at,
    writes: z.int().min(0),
    erasesMax: z.int().min(0),
    enduranceCycles: z.int().min(0),
  }),
]);

const line = z.union([
  z.strictObject({ sample }),
  z.strictObject({ done: z.int().min(0) }),
  z.strictObject({ device: u32 }),
  z.strictObject({ note: z.string().max(2000) }),
]);
type Line = z.infer<typeof line>;

/** A file that is kept while a run goes on. */
export class KeptSamples {
  readonly file: string;
  readonly #handle: number;

  private constructor(file: string, handle: number) {
    this.file = file;
    this.#handle = handle;
  }

  /**
   * Begins a new file. UsageError `bad-keep` when there is one already, or it cannot be made; BenchError
   * `keep-failed` when the disk does not take its first line: then no file is left.
   */
  static begin(file: string, run: KeptHeader): KeptSamples {
    let handle: number;
    try {
      handle = openSync(file, "wx", 0o600);
    } catch (error) {
      throw badKeep(file, error);
    }
    const kept = new KeptSamples(file, handle);
    try {
      kept.#write({ schema: KEPT_SCHEMA, ...run });
    } catch (error) {
      // Without its first line there is nothing to go on from.
      kept.close();
      rmSync(file, { force: true });
      throw error;
    }
    return kept;
  }

  /** Goes on with a file that was read; what it ends with is cut off at `bytes`. */
  static goOn(file: string, bytes: number): KeptSamples {
    try {
      const handle = openSync(file, "r+");
      ftruncateSync(handle, bytes);
      closeSync(handle);
      return new KeptSamples(file, openSync(file, "a"));
    } catch (error) {
      throw badKeep(file, error);
    }
  }

  sample(one: Sample): void {
    this.#write({ sample: one });
  }

  note(note: string): void {
    this.#write({ note: note.slice(0, 2000) });
  }

  device(fingerprint: number): void {
    this.#write({ device: fingerprint });
  }

  /** So many boots are done; on the disk when it returns. */
  done(boots: number): void {
    this.#write({ done: boots });
    this.#attempt(() => fdatasyncSync(this.#handle));
  }

  close(): void {
    closeSync(this.#handle);
  }

  #write(value: object): void {
    // A descriptor is written on to where it stands, and until all of the line is written.
    this.#attempt(() => writeFileSync(this.#handle, `${JSON.stringify(value)}\n`));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new BenchError(
        "keep-failed",
        `${JSON.stringify(this.file)} cannot be written any more: ${reason}`,
        "make room on the disk, then go on with --resume if the file is there, or run it again",
      );
    }
  }
}

/** What a file holds, but for its samples. */
export interface KeptRun {
  readonly header: KeptHeader;
  readonly from: CampaignPosition;
  readonly notes: readonly string[];
  /** Length of what is whole. */
  readonly bytes: number;
}

/**
 * Reads where a run ended. UsageError `foreign-samples` for a file that is none, with line number, and for
 * a line in its middle that is damaged.
 */
export async function readKeptRun(file: string): Promise<KeptRun> {
  let run: KeptHeader | undefined;
  let bytes = 0;
  const notes: string[] = [];
  const from: { -readonly [Key in keyof CampaignPosition]: CampaignPosition[Key] } = {
    done: 0,
    boot: -1,
    timeUs: 0,
    writes: 0,
  };
  for await (const { text: content, number, end } of wholeLines(file)) {
    if (run === undefined) run = readHeader(content, file);
    else take(readLine(content, file, number), from, notes);
    bytes = end;
  }
  if (run === undefined) throw foreign(file, "it holds no whole line of them");
  return { header: run, from, notes, bytes };
}

/** The samples of a file, up to the length that was found whole. */
export async function* keptSamples(file: string, bytes: number): AsyncGenerator<Sample> {
  for await (const { text: content, number, end } of wholeLines(file)) {
    if (end > bytes) return;
    if (number === 1) continue;
    const value = readLine(content, file, number);
    if ("sample" in value) yield value.sample;
  }
}

function take(
  value: Line,
  from: { -readonly [Key in keyof CampaignPosition]: CampaignPosition[Key] },
  notes: string[],
): void {
  if ("done" in value) from.done = value.done;
  else if ("device" in value) from.fingerprint = value.device;
  else if ("note" in value) notes.push(value.note);
  else {
    const one = value.sample;
    from.boot = Math.max(from.boot, one.boot);
    from.timeUs = Math.max(from.timeUs, one.timeUs);
    if (one.kind === "nvm") from.writes = one.writes;
    if (one.kind === "boot" && one.persistedBootCount !== undefined) {
      from.bootCount = one.persistedBootCount;
    }
  }
}

interface WholeLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Offset behind its line feed. */
  readonly end: number;
}

/** A line longer than this is none of ours. */
const LINE_CHARACTERS_MAX = 1 << 21;

/** Lines that end with a line feed; the last one may have been cut short. */
async function* wholeLines(file: string): AsyncGenerator<WholeLine> {
  const size = await stat(file).then(
    (found) => found.size,
    (error: unknown) => {
      throw foreign(file, error instanceof Error ? error.message : String(error));
    },
  );
  const lines = createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let end = 0;
  let number = 0;
  for await (const content of lines) {
    end += Buffer.byteLength(content) + 1;
    number++;
    if (content.length > LINE_CHARACTERS_MAX) throw foreign(file, `line ${number} is too long`);
    if (end > size) return;
    yield { text: content, number, end };
  }
}

function readHeader(content: string, file: string): KeptHeader {
  const parsed = header.safeParse(parsedJson(content));
  if (!parsed.success) throw foreign(file, "its first line is not that of kept samples");
  const { schema: _, ...run } = parsed.data;
  return run;
}

function readLine(content: string, file: string, number: number): Line {
  const parsed = line.safeParse(parsedJson(content));
  if (parsed.success) return parsed.data;
  throw foreign(file, `line ${number} is damaged`);
}

function parsedJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** Refuses samples of another run. `given`: what was said on the command line of this one. */
export function expectSameRun(file: string, kept: KeptHeader, given: Partial<KeptHeader>): void {
  for (const key of ["board", "seed", "reboots"] as const) {
    const value = given[key];
    if (value === undefined || value === kept[key]) continue;
    throw foreign(file, `they were made with ${key} ${kept[key]}, not ${value}`);
  }
  if (given.plan === undefined || JSON.stringify(given.plan) === JSON.stringify(kept.plan)) return;
  throw foreign(file, "they were made with another campaign file");
}

function foreign(file: string, why: string): UsageError {
  return new UsageError(
    "foreign-samples",
    `the samples in ${JSON.stringify(file)} cannot be gone on with: ${why}`,
    "name the file that --keep wrote, and leave board, seed and reboots as they were, or begin anew",
  );
}

function badKeep(file: string, error: unknown): UsageError {
  const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
  const reason = error instanceof Error ? error.message : String(error);
  return new UsageError(
    "bad-keep",
    exists ? `${JSON.stringify(file)} is there already` : `samples cannot be kept: ${reason}`,
    exists
      ? "go on with it: --resume FILE; or name another file"
      : "name a file in a folder that exists and can be written to",
  );
}
