/** `isnkit report`: a saved run in, a report in any format out. */

import { resolve } from "node:path";
import { analyzeJson } from "../analyze/views/analyze-json.ts";
import { analyzeReport } from "../analyze/views/analyze-report.ts";
import { analyzeText } from "../analyze/views/analyze-text.ts";
import { checkJson } from "../check/views/check-json.ts";
import { checkReport } from "../check/views/check-report.ts";
import { checkText } from "../check/views/check-text.ts";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import type { Paint } from "../core/paint.ts";
import type { Report } from "../report/report-model.ts";
import { simulateJson } from "../simulate/views/simulate-json.ts";
import { simulateReport } from "../simulate/views/simulate-report.ts";
import { simulateText } from "../simulate/views/simulate-text.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { didYouMean } from "./did-you-mean.ts";
import { paintFor } from "./paint.ts";
import { RENDERED_FORMATS, rendered } from "./rendered.ts";
import { readBounded } from "./report-input.ts";
import { expectWritable, writeResults } from "./results.ts";
import { parseRun, type SavedRun } from "./run-file.ts";
import { mergeSettings, type Setting, type SettingName } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

const FORMATS = [...RENDERED_FORMATS, "text", "json"] as const;
type ReportFormat = (typeof FORMATS)[number];

export interface ReportArguments {
  /** A path, or `-` for standard input. */
  readonly file: string | undefined;
  readonly given: (
    name: SettingName,
  ) => { text: string; origin: "flag" | "environment" } | undefined;
  readonly color: boolean;
}

export async function reportCommand(
  { file, given, color }: ReportArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const settings = mergeSettings(given, config);
  if (file === undefined || file === "") {
    throw new UsageError(
      "no-report",
      "no report file is named (command line)",
      "name what --format json wrote: isnkit report run.json",
    );
  }
  const format = formatOf(settings.get("format"), "html");
  const output = outputOf(settings.get("output"));
  await expectWritable(output);
  const name = file === "-" ? "standard input" : JSON.stringify(file);
  const saved = await parseRun(await readBounded(file, name, terminal), name);
  const paint = paintFor(terminal, color && config.color !== false && output === undefined);
  await writeResults(terminal, await savedRunIn(saved, format, paint), output);
  return EXIT.pass;
}

/** The run as `format` has it. */
export async function savedRunIn(
  saved: SavedRun,
  format: ReportFormat,
  paint: Paint,
): Promise<string> {
  if (format === "json") return jsonOf(saved);
  if (format === "text") return textOf(saved, paint);
  return rendered(reportOf(saved), format);
}

function reportOf({ kind, run }: SavedRun): Report {
  if (kind === "check") return checkReport(run);
  return kind === "simulate" ? simulateReport(run) : analyzeReport(run);
}

function jsonOf({ kind, run }: SavedRun): string {
  if (kind === "check") return checkJson(run);
  return kind === "simulate" ? simulateJson(run) : analyzeJson(run);
}

function textOf({ kind, run }: SavedRun, paint: Paint): string {
  if (kind === "check") return checkText(run, paint);
  return kind === "simulate" ? simulateText(run, paint) : analyzeText(run, paint);
}

/** Throws UsageError `unknown-format`. */
export function formatOf(setting: Setting | undefined, fallback: ReportFormat): ReportFormat {
  const text = setting?.text ?? fallback;
  const format = FORMATS.find((one) => one === text);
  if (format !== undefined) return format;
  throw new UsageError(
    "unknown-format",
    `${JSON.stringify(text)} is not a format of this command (${setting?.place})`,
    `${didYouMean(text, FORMATS)}the formats are ${FORMATS.join(", ")}`,
  );
}

/** Throws UsageError `bad-output`. */
export function outputOf(setting: Setting | undefined): string | undefined {
  if (setting?.text !== "") return setting?.text;
  throw new UsageError("bad-output", `${setting.place} is empty`, "name a file to write to");
}
