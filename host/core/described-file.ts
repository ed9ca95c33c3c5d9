/** A file that describes boards: JSON, checked against a schema; messages name file, line and path. */
import type { z } from "zod";
import type { BenchError, UsageError } from "./errors.ts";
import { JsonSyntaxError, parseLocatedJson } from "./located-json.ts";

export interface DescribedFile<T> {
  readonly value: T;
  /** `bench.json:12`: where a path of it stands. */
  placeOf(path: readonly (string | number)[]): string;
}

/** `wrong` makes the error of this kind of file from `place: path: what is wrong`. */
export function parseDescribedFile<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  wrong: (what: string) => BenchError | UsageError,
): DescribedFile<T> {
  const json = locate(text, file, wrong);
  const parsed = schema.safeParse(json.value);
  if (parsed.success) {
    return { value: parsed.data, placeOf: (path) => `${file}:${json.lineOf(path)}` };
  }
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((step) => (typeof step === "symbol" ? String(step) : step));
  // A key that does not belong there stands on a line of its own, below the path of its object.
  const [extra] = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const line = json.lineOf(extra === undefined ? path : [...path, extra]);
  const field = path.join(".");
  throw wrong(
    `${file}:${line}: ${field === "" ? "" : `${field}: `}${issue?.message ?? "unreadable"}`,
  );
}

function locate(text: string, file: string, wrong: (what: string) => BenchError | UsageError) {
  try {
    return parseLocatedJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw wrong(`${file}:${error.line}:${error.column}: ${error.message}`);
  }
}
