/** `isnkit analyze`: a capture in, causes and exit code out. */
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { analyzeCapture } from "../analyze/analyze-capture.ts";
import { DIAGNOSES } from "../analyze/diagnoses/index.ts";
import type { Finding } from "../analyze/findings.ts";
import { forecastPeer } from "../analyze/peer-forecast.ts";
import { type AnalysisRun, exitCodeOf } from "../analyze/views/analysis-run.ts";
import {
  analyzeJson,
  connectionLine,
  findingLine,
  summaryLine,
} from "../analyze/views/analyze-json.ts";
import { analyzeText, findingText, verdictLine } from "../analyze/views/analyze-text.ts";
import { Narrator } from "../analyze/views/narrate.ts";
import type { CaptureSource } from "../capture/capture-reader.ts";
import { followFile } from "../capture/follow.ts";
import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Paint } from "../core/paint.ts";
import { printable, printableJson } from "../core/plain-text.ts";
import { type AnalyzeSettings, readAnalyzeSettings } from "./analyze-settings.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { paintFor } from "./paint.ts";
import { progressOn } from "./progress.ts";
import { rendered } from "./rendered.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings, type SettingName } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface AnalyzeArguments {
  readonly file: string | undefined;
  readonly given: (
    name: SettingName,
  ) => { text: string; origin: "flag" | "environment" } | undefined;
  readonly narrate: boolean;
  readonly follow: boolean;
  readonly color: boolean;
  readonly listRules: boolean;
}

export async function analyzeCommand(
  words: AnalyzeArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const merged = mergeSettings(words.given, config);
  if (words.listRules) {
    await terminal.out(ruleList(merged.get("format")?.text === "json"));
    return EXIT.pass;
  }
  const settings = readAnalyzeSettings(merged, words);
  // Little of what is allocated lives on: to collect it often, in a small space that is touched already,
  // costs less than to let that space grow.
  setFlagsFromString("--semi-space-growth-factor=1");
  await expectWritable(settings.output);
  const allowed = words.color && config.color !== false && settings.output === undefined;
  const paint = paintFor(terminal, allowed);
  const { run, interrupted, live } = await runAnalysis(settings, terminal, paint);
  if (live) await terminal.out(summaryLine(run));
  else await writeResults(terminal, await reportOf(run, settings, paint), settings.output);
  if (!interrupted) return exitCodeOf(run);
  terminal.err(`isnkit: interrupted; partial results: ${verdictLine(run)}\n`);
  return EXIT.interrupted;
}

async function runAnalysis(settings: AnalyzeSettings, terminal: Terminal, paint: Paint) {
  const { file, format, output, follow } = settings;
  const live = format === "ndjson" && output === undefined;
  const lines: string[] = [];
  // Lines are kept until the next pause, so that writing never runs ahead of the reader.
  const say = (text: string) => lines.push(text);
  const narrator = settings.narrate ? new Narrator(settings.twoMslUs) : undefined;
  const progress = progressOn(terminal, () => performance.now());
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => {
    stop.abort();
    terminal.input.destroy();
  });
  const onFinding = (finding: Finding, firstUs: number) => {
    if (format === "ndjson") say(findingLine(finding));
    else if (follow && format === "text") say(findingText(finding, firstUs, paint));
  };
  try {
    const analysis = await analyzeCapture(sourceOf(settings, terminal, stop.signal), {
      name: file === "-" ? "standard input" : file,
      filter: settings.filter,
      twoMslUs: settings.twoMslUs,
      onFinding,
      ...(format === "ndjson" ? { onConnection: (row) => say(connectionLine(row)) } : {}),
      ...(narrator ? { onPacket: narrator.packet } : {}),
      pause: async ({ packets, connections }) => {
        progress.tick(() => `${packets} packets, ${connections} connections`);
        if (lines.length > 0 && output === undefined) await terminal.out(lines.splice(0).join(""));
        // One look at the event loop, which is when Ctrl-C is noticed.
        await new Promise((resume) => setImmediate(resume));
        return stop.signal.aborted;
      },
    });
    const rest = lines.splice(0).join("");
    if (output === undefined && rest !== "") await terminal.out(rest);
    const run: AnalysisRun = {
      analysis,
      filters: settings.filters,
      ...(narrator ? { narration: narrator.lines() } : {}),
      ...(settings.peer ? { forecast: forecastPeer(analysis, settings.peer) } : {}),
    };
    return { run, interrupted: stop.signal.aborted, live };
  } finally {
    forget();
    progress.clear();
  }
}

/** Standard input that is destroyed on purpose ends with an error of its own: that is its end. */
async function* interruptible(
  input: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

function sourceOf(
  { file, follow }: AnalyzeSettings,
  terminal: Terminal,
  stop: AbortSignal,
): CaptureSource {
  if (file === "-") return interruptible(terminal.input, stop);
  if (!follow) return file;
  return followFile(file, stop, (why) =>
    terminal.err(
      `isnkit: ${printable(file)} ${why}, so that it is followed no further\n  next: follow the new file, or take packets from the program that records them: tcpdump -w - | isnkit analyze -\n`,
    ),
  );
}

async function reportOf(
  run: AnalysisRun,
  { format }: AnalyzeSettings,
  paint: Paint,
): Promise<string> {
  if (format === "text") return analyzeText(run, paint);
  if (format === "json") return analyzeJson(run);
  if (format !== "ndjson") {
    const { analyzeReport } = await import("../analyze/views/analyze-report.ts");
    return rendered(analyzeReport(run), format);
  }
  const findings = run.analysis.findings.map(findingLine);
  const rows = run.analysis.connections.map(connectionLine);
  return [...findings, ...rows, summaryLine(run)].join("");
}

function ruleList(asJson: boolean): string {
  const rules = DIAGNOSES.map(({ id, severity, title, explanation, clause, remedy }) => ({
    id,
    severity,
    title,
    explanation,
    clause,
    remedy,
  }));
  if (asJson) return `${printableJson({ schema: "isnkit.diagnoses/1", rules })}\n`;
  const width = Math.max(...rules.map(({ id }) => id.length));
  return rules
    .map(
      ({ id, severity, title, clause }) =>
        `${id.padEnd(width)}  ${severity}: ${title} [${clause}]\n`,
    )
    .join("");
}
