/** `bench.json`: what stands on this desk. Not committed; validated, so that a typo is a message. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parseDescribedFile } from "../core/described-file.ts";
import { BenchError } from "../core/errors.ts";

const BENCH_FILE = "bench.json";

const argv = z.array(z.string().min(1)).min(1);
const usbNumber = z.string().regex(/^[0-9a-f]{4}$/, "give four hexadecimal digits, lower case");

const benchBoard = z
  .strictObject({
    /** A folder of boards/. */
    model: z.string().regex(/^[a-z0-9-]+$/),
    /** Path of the console. `/dev/serial/by-id/…` stays the same after a new plug. */
    port: z.string().min(1).optional(),
    usb: z
      .strictObject({
        vid: usbNumber,
        pid: usbNumber,
        serial: z.string().min(1).optional(),
        /** USB interface of the console, for probes with several ports. */
        interface: z.number().int().min(0).max(255).optional(),
      })
      .optional(),
    /** Console speed, where it is not the model's. */
    baud: z.number().int().positive().optional(),
    /** For uhubctl. */
    hub: z
      .strictObject({
        location: z.string().regex(/^\d+(-\d+(\.\d+)*)?$/, 'give it as uhubctl does: "1-1"'),
        port: z.number().int().min(1).max(64),
      })
      .optional(),
    /** Programs with their arguments, never lines for a shell. */
    shell: z
      .strictObject({ reset: argv.optional(), off: argv.optional(), on: argv.optional() })
      .optional(),
  })
  .refine((board) => (board.port === undefined) !== (board.usb === undefined), {
    error: "give either port or usb",
  });

const bench = z.strictObject({
  boards: z.record(
    // A name must not look like another kind of selector.
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "a name is letters, digits, _ . -"),
    benchBoard,
  ),
});

export type BenchBoard = z.infer<typeof benchBoard>;

export interface Bench {
  /** As it was named. */
  readonly file: string;
  readonly boards: ReadonlyMap<string, BenchBoard>;
  /** `bench.json:12`: where a board stands in it. */
  placeOf(name: string): string;
}

/**
 * Reads the file that is named, or bench.json of the current folder, which may be absent: a bench
 * without boards. BenchError `bad-bench-file`.
 */
export async function readBench(named?: string): Promise<Bench> {
  const file = named ?? BENCH_FILE;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isAbsent && named === undefined) return emptyBench(file);
    throw badBench(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseBench(text, file);
}

/** Parses the text of a bench file. BenchError that names file, line and field. */
export function parseBench(text: string, file: string = BENCH_FILE): Bench {
  const { value, placeOf } = parseDescribedFile(text, file, bench, badBench);
  const boards = new Map(Object.entries(value.boards));
  for (const name of boards.keys()) {
    if (!RESERVED.has(name)) continue;
    throw badBench(`${placeOf(["boards", name])}: boards.${name}: this name means something else`);
  }
  return { file, boards, placeOf: (name) => placeOf(["boards", name]) };
}

/** Words that are selectors of their own. */
const RESERVED = new Set(["sim", "qemu", "rp2040js", "usb"]);

function emptyBench(file: string): Bench {
  return { file, boards: new Map(), placeOf: () => file };
}

function badBench(what: string): BenchError {
  return new BenchError(
    "bad-bench-file",
    what,
    "docs/boards.md shows a bench.json; `isnkit boards` lists what is attached",
  );
}
