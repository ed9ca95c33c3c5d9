/**
 * The campaign file: what is asked of a device, in one format for the virtual board (`isnkit
 * simulate`), emulated boards and the desk (`isnkit check`). The common part says how often to reboot
 * and what the device does in between; each command has a section of its own beside it, and leaves
 * the other's alone. docs/simulate.md has the page for authors.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parseAddress } from "../core/address.ts";
import { parseDurationUs } from "../core/duration.ts";
import { IsnkitError, UsageError } from "../core/errors.ts";
import { lineOfOffset, lineOfPath } from "../core/json-positions.ts";
import { mslRefusal } from "../module/bounds.ts";

/** A file larger than this is no campaign. */
const BYTES_MAX = 1 << 20;

/** Refines text by a parser of this project; its message becomes the issue's. */
function parsedBy<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      const message =
        error instanceof IsnkitError ? `${error.message}; ${error.next}` : String(error);
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
  });
}

/** `300ms`, `4s`, `2m` → microseconds. */
const durationUs = parsedBy((text) => parseDurationUs(text, "duration"));

/** As the module takes it, whatever board it runs on. */
const msl = durationUs.superRefine((us, context) => {
  const refusal = mslRefusal(us / 1000);
  if (refusal === undefined) return;
  context.addIssue({ code: "custom", message: `${refusal.because}: ${refusal.next}` });
});

/** A range of durations, `["300ms", "6s"]`, or one for both ends. */
const durationRangeUs = z.union([
  durationUs.transform((us) => ({ min: us, max: us })),
  z
    .tuple([durationUs, durationUs])
    .refine(([min, max]) => min <= max, "the first duration is the shorter one")
    .transform(([min, max]) => ({ min, max })),
]);

/** A range of whole numbers, `[1, 4]`, or one number for both ends. */
function wholeRange(min: number, max: number) {
  const whole = z.int().min(min).max(max);
  return z.union([
    whole.transform((n) => ({ min: n, max: n })),
    z
      .tuple([whole, whole])
      .refine(([low, high]) => low <= high, "the first number is the lower one")
      .transform(([low, high]) => ({ min: low, max: high })),
  ]);
}

const port = z.int().min(1).max(65_535);

/** A server that the device calls. */
const serverSchema = z.strictObject({
  address: parsedBy((text) => parseAddress(text)),
  port,
  /** The application binds this local port, so that the tuple comes back at each boot. */
  boundPort: port.optional(),
  /** How the server answers, where it is simulated. */
  peer: z.enum(["linux", "freebsd", "openbsd", "aix", "lwip"]).optional(),
});

const workloadSchema = z.strictObject({
  servers: z.array(serverSchema).min(1).max(64).optional(),
  connectionsPerBoot: wholeRange(0, 1_000).optional(),
  /** Data that the device sends on a connection. */
  bytes: wholeRange(0, 2 ** 30).optional(),
  closesFirst: z.enum(["device", "server", "either"]).optional(),
  /** Time from power-on to the cut, and without power. */
  uptime: durationRangeUs.optional(),
  off: durationRangeUs.optional(),
});

const benchSchema = z.looseObject({
  /** How the device is rebooted, in this order. */
  rungs: z.array(z.string().min(1)).min(1).max(16).optional(),
});

const commonSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().min(1).max(200).optional(),
  seed: z.int().min(0).max(0xffff_ffff).optional(),
  reboots: z.int().min(1).max(1_000_000_000).optional(),
  msl: msl.optional(),
  workload: workloadSchema.optional(),
  /** Read by `isnkit check` on emulated and real boards only. */
  bench: benchSchema.optional(),
});

/** `Section` is what stands under `simulate`, which only `isnkit simulate` follows. */
export type CampaignFile<Section = unknown> = z.output<typeof commonSchema> & {
  readonly simulate?: Section | undefined;
};
export type CampaignServer = z.output<typeof serverSchema>;

/**
 * Reads a campaign file; `simulate` is the schema of that section. Throws UsageError `bad-campaign`
 * with file, line and path.
 */
export async function readCampaignFile<Section>(
  file: string,
  simulate: z.ZodType<Section>,
): Promise<CampaignFile<Section>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "bad-campaign",
      `the campaign file ${JSON.stringify(file)} cannot be read: ${reason}`,
      "name a JSON file that exists; docs/simulate.md has an example",
    );
  }
  return parseCampaign(text, file, simulate);
}

/** The same from text; `file` is for messages. */
export function parseCampaign<Section>(
  text: string,
  file: string,
  simulate: z.ZodType<Section>,
): CampaignFile<Section> {
  if (text.length > BYTES_MAX) {
    throw wrong(`${file} is longer than ${BYTES_MAX} characters`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const offset = /at position (\d+)/.exec(reason)?.[1];
    const line = offset === undefined ? 1 : lineOfOffset(text, Number(offset));
    throw wrong(`${file}:${line}: not JSON: ${reason}`);
  }
  const parsed = commonSchema.extend({ simulate: simulate.optional() }).safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const stray = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...stray];
  const what = stray.length > 0 ? "is not a setting here" : (issue?.message ?? "not understood");
  const name = path.length === 0 ? "the whole file" : path.map(String).join(".");
  throw wrong(`${file}:${lineOfPath(text, path)}: ${name}: ${what}`);
}

function wrong(message: string): UsageError {
  return new UsageError(
    "bad-campaign",
    message,
    "see docs/simulate.md for what a campaign file may hold",
  );
}
