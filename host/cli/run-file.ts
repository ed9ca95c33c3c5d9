/**
 * Reads the JSON that a run was saved as. The file may come from anywhere: its size, shape and every
 * length are checked before anything is made of it.
 */
import { ZodError } from "zod";
import type { AnalysisRun } from "../analyze/views/analysis-run.ts";
import { ANALYZE_SCHEMA } from "../analyze/views/analyze-json.ts";
import { CHECK_SCHEMA } from "../check/views/check-json.ts";
import type { CheckRun } from "../check/views/check-run.ts";
import { UsageError } from "../core/errors.ts";
import { FILE_BYTES_MAX } from "../report/files/bounds.ts";
import { SIMULATE_SCHEMA, type SimulateRun } from "../simulate/simulate-run.ts";

export type SavedRun =
  | { readonly kind: "check"; readonly run: CheckRun }
  | { readonly kind: "simulate"; readonly run: SimulateRun }
  | { readonly kind: "analyze"; readonly run: AnalysisRun };

const SCHEMAS = [CHECK_SCHEMA, SIMULATE_SCHEMA, ANALYZE_SCHEMA];
const AGAIN = "write it again with --format json and this version of isnkit";

/**
 * `name`: what to call the file in messages. Throws UsageError `not-a-report` for another kind of
 * file, `report-version` for one of another version, `bad-report` for one that is damaged.
 */
export async function parseRun(text: string, name: string): Promise<SavedRun> {
  if (text.length > FILE_BYTES_MAX) {
    throw new UsageError(
      "bad-report",
      `${name} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
      "a report of isnkit never is; name the file that --format json wrote",
    );
  }
  const value = parseJson(text, name);
  const schema = schemaOf(value, name);
  try {
    if (schema === CHECK_SCHEMA) {
      const { parseCheckDocument } = await import("../check/views/check-schema.ts");
      return { kind: "check", run: parseCheckDocument(value) };
    }
    if (schema === SIMULATE_SCHEMA) {
      const { parseSimulateDocument } = await import("../simulate/views/simulate-schema.ts");
      return { kind: "simulate", run: parseSimulateDocument(value) };
    }
    const { parseAnalyzeDocument } = await import("../analyze/views/analyze-schema.ts");
    return { kind: "analyze", run: parseAnalyzeDocument(value) };
  } catch (error) {
    throw error instanceof ZodError ? damaged(error, name) : error;
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "not-a-report",
      `${name} is not JSON: ${reason}`,
      "name a file that `isnkit check`, `simulate` or `analyze` wrote with --format json",
    );
  }
}

function schemaOf(value: unknown, name: string): string {
  const schema =
    typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (typeof schema !== "string" || !schema.startsWith("isnkit.")) {
    throw new UsageError(
      "not-a-report",
      `${name} is JSON, but no report of isnkit`,
      "name a file that `isnkit check`, `simulate` or `analyze` wrote with --format json",
    );
  }
  if (SCHEMAS.includes(schema)) return schema;
  const [kind, version] = schema.split("/");
  const known = SCHEMAS.find((one) => one.startsWith(`${kind}/`));
  if (known === undefined) {
    throw new UsageError(
      "not-a-report",
      `${name} is ${JSON.stringify(schema)}, which is no report of a run`,
      `reports are ${SCHEMAS.join(", ")}`,
    );
  }
  const isNewer = Number(version) > Number(known.split("/")[1]);
  throw new UsageError(
    "report-version",
    `${name} is ${JSON.stringify(schema)}; this isnkit reads ${known}`,
    isNewer ? "use the isnkit that wrote it, or a newer one" : AGAIN,
  );
}

function damaged(error: ZodError, name: string): UsageError {
  const [issue] = error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  return new UsageError(
    "bad-report",
    `${name} is damaged at ${JSON.stringify(path)}: ${issue?.message ?? "not understood"}`,
    AGAIN,
  );
}
