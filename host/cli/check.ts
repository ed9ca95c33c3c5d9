/** `isnkit check`: settings in, report and exit code out. */

import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { readBench } from "../boards/bench-file.ts";
import { needsBench } from "../boards/board-selector.ts";
import { RULES } from "../check/rules/index.ts";
import { checkJson } from "../check/views/check-json.ts";
import type { CheckRun } from "../check/views/check-run.ts";
import { checkText, verdictLine } from "../check/views/check-text.ts";
import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Paint } from "../core/paint.ts";
import { HONEST } from "../virtual/campaign.ts";
import { ZOO } from "../virtual/zoo/index.ts";
import { withFiles } from "./check-files.ts";
import { runCheckJob } from "./check-job.ts";
import { type CheckFormat, readCheckSettings } from "./check-settings.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { paintFor } from "./paint.ts";
import { progressOn } from "./progress.ts";
import { rendered } from "./rendered.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings, type SettingName } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface CheckArguments {
  readonly given: (
    name: SettingName,
  ) => { text: string; origin: "flag" | "environment" } | undefined;
  /** False after --no-color or its environment twin. */
  readonly color: boolean;
  readonly listRules: boolean;
  readonly listGenerators: boolean;
}

/** Names that `sim:<name>` takes. */
const GENERATORS: readonly string[] = [HONEST, ...ZOO.map((member) => member.name)];

export async function checkCommand(
  { given, color, listRules, listGenerators }: CheckArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const { merged, more } = await withFiles(mergeSettings(given, config));
  const board = merged.get("board")?.text ?? "sim";
  const bench = needsBench(board) ? await readBench(merged.get("bench")?.text) : undefined;
  const settings = readCheckSettings(merged, GENERATORS, [...(bench?.boards.keys() ?? [])]);
  await expectWritable(settings.output);
  if (listRules || listGenerators) {
    const list = listRules ? ruleList(settings.format) : generatorList(settings.format);
    await writeResults(terminal, list, settings.output);
    return EXIT.pass;
  }
  const progress = progressOn(terminal, () => performance.now());
  const drawSeed = () => randomBytes(4).readUInt32LE();
  const { run, interrupted } = await runCheckJob(settings, {
    terminal,
    progress,
    drawSeed,
    ...more,
  });
  const inColor = color && config.color !== false && settings.output === undefined;
  const report = await reportOf(run, settings.format, paintFor(terminal, inColor));
  await writeResults(terminal, report, settings.output);
  if (interrupted) {
    terminal.err(`isnkit: interrupted; partial results: ${verdictLine(run)}\n`);
    return EXIT.interrupted;
  }
  return exitCodeOf(run);
}

async function reportOf(run: CheckRun, format: CheckFormat, paint: Paint): Promise<string> {
  if (format === "text") return checkText(run, paint);
  if (format === "json") return checkJson(run);
  const { checkReport } = await import("../check/views/check-report.ts");
  return rendered(checkReport(run), format);
}

function exitCodeOf(run: CheckRun): ExitCode {
  return EXIT[run.result.verdict];
}

function ruleList(format: CheckFormat): string {
  const rules = RULES.map(({ id, holds, clause, remedy }) => ({ id, holds, clause, remedy }));
  if (format === "json") return listJson("isnkit.rules/1", { rules });
  const width = Math.max(...rules.map((rule) => rule.id.length));
  return rules.map((rule) => `${rule.id.padEnd(width)}  ${rule.holds} [${rule.clause}]\n`).join("");
}

function generatorList(format: CheckFormat): string {
  const honest = {
    name: HONEST,
    field: "this project's module; --board sim is the same",
    rules: [],
  };
  const generators = [honest, ...ZOO.map(({ name, field, rules }) => ({ name, field, rules }))];
  if (format === "json") return listJson("isnkit.generators/1", { generators });
  const width = Math.max(...generators.map((one) => one.name.length));
  return generators
    .map(({ name, field, rules }) => {
      const breaks = rules.length === 0 ? "breaks no rule" : `breaks ${rules.join(", ")}`;
      return `sim:${name.padEnd(width)}  ${field} (${breaks})\n`;
    })
    .join("");
}

function listJson(schema: string, content: object): string {
  return `${JSON.stringify({ schema, ...content }, undefined, 2)}\n`;
}
