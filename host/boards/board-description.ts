/** `boards/<model>/board.json`: what a board model is. Validated, so that a typo is a message. */
import { readdir, readFile } from "node:fs/promises";
import { z } from "zod";
import { BenchError, UsageError } from "../core/errors.ts";

const port = z.number().int().min(1).max(65535);

const description = z.strictObject({
  model: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string().min(1),
  core: z.enum(["cortex-m0plus", "cortex-m3", "cortex-m4"]),
  flashBytes: z.number().int().positive(),
  ramBytes: z.number().int().positive(),
  /** Where the journal lies. */
  nvm: z.strictObject({
    part: z.string().min(1),
    kind: z.enum(["nor", "eeprom"]),
    sectorBytes: z.number().int().positive(),
    sectors: z.number().int().min(2).max(32),
    granule: z.number().int().min(1).max(256),
    enduranceCycles: z.number().int().positive(),
  }),
  counterHz: z.number().int().positive(),
  entropy: z.enum(["none", "ring-oscillator", "trng"]),
  console: z.strictObject({ baud: z.number().int().positive() }),
  /** Ports that the firmware's module may allocate. */
  ports: z.strictObject({
    first: port,
    last: port,
    reserved: z.array(z.tuple([port, port])),
  }),
  mslMs: z.number().int().positive(),
  /** How the board runs without the board. */
  emulator: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("qemu"),
      machine: z.string().min(1),
      arguments: z.array(z.string()),
      /** Whether the journal's memory outlives a power cut there. */
      persistent: z.boolean(),
    }),
    z.strictObject({ kind: z.literal("rp2040js"), persistent: z.boolean() }),
  ]),
});

export type BoardDescription = z.infer<typeof description>;

/** Beside the sources, and beside the compiled harness of an installed package. */
const FOLDERS = [new URL("../../boards/", import.meta.url), new URL("../boards/", import.meta.url)];

/** Models that have a description, in alphabetical order. */
export async function boardModels(): Promise<string[]> {
  const models = new Set<string>();
  for (const folder of FOLDERS) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const file = new URL(`${entry.name}/board.json`, folder);
      if (await readFile(file).catch(() => undefined)) models.add(entry.name);
    }
  }
  return [...models].sort();
}

/** Reads a model's description. UsageError for an unknown model, BenchError for a bad file. */
export async function readBoardDescription(model: string): Promise<BoardDescription> {
  for (const folder of FOLDERS) {
    if (!/^[a-z0-9-]+$/.test(model)) break;
    const text = await readFile(new URL(`${model}/board.json`, folder), "utf8").catch(
      () => undefined,
    );
    if (text !== undefined) return parseBoardDescription(text, `boards/${model}/board.json`);
  }
  throw new UsageError(
    "unknown-board",
    `there is no board model ${JSON.stringify(model)}`,
    `the models are ${(await boardModels()).join(", ")}`,
  );
}

/** Parses a description. BenchError that names the field and what is wrong with it. */
export function parseBoardDescription(text: string, place: string): BoardDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badDescription(place, error instanceof Error ? error.message : String(error));
  }
  const parsed = description.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw badDescription(
    place,
    `${field === "" ? "" : `${field}: `}${issue?.message ?? "unreadable"}`,
  );
}

function badDescription(place: string, why: string): BenchError {
  return new BenchError(
    "bad-board-description",
    `${place}: ${why}`,
    "compare it with another board's board.json; docs/bench-arm.md explains the fields",
  );
}
