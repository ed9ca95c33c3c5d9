/** `isnkit simulate`: settings in, report and exit code out. */

import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { isEmulatedBoard } from "../boards/emulated-selector.ts";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import type { Paint } from "../core/paint.ts";
import { plural } from "../core/plural.ts";
import { readIsnModule } from "../module/load.ts";
import { PEERS } from "../peers/index.ts";
import { type Campaign, casesFor } from "../simulate/campaign.ts";
import { type SimulateSection, simulateSection } from "../simulate/campaign-section.ts";
import type { CaseName } from "../simulate/case-text.ts";
import { cutCanaries } from "../simulate/exhaustive/cut-canary.ts";
import { exhaustiveCases } from "../simulate/exhaustive/exhaustive-runner.ts";
import { LIFE_RULES } from "../simulate/rules/index.ts";
import { isnRepeatsBetweenDevices } from "../simulate/rules/isn-repeats-between-devices.ts";
import { DEFAULT_SETTINGS, type SimulateSettings, settingsOf } from "../simulate/settings.ts";
import { type SimulateStage, simulate } from "../simulate/simulate.ts";
import type { SimulateRun } from "../simulate/simulate-run.ts";
import { simulateJson } from "../simulate/views/simulate-json.ts";
import { simulateText, verdictLine } from "../simulate/views/simulate-text.ts";
import { type CampaignFile, readCampaignFile } from "../sources/campaign-file.ts";
import { HONEST } from "../virtual/campaign.ts";
import { FAULT_KINDS } from "../virtual/fault-kinds.ts";
import { GEOMETRIES, geometryName } from "../virtual/geometries.ts";
import { CUT_ZOO, ZOO } from "../virtual/zoo/index.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { packageVersion } from "./package-version.ts";
import { paintFor } from "./paint.ts";
import { type Progress, progressOn } from "./progress.ts";
import { rendered } from "./rendered.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings, type SettingName } from "./settings.ts";
import { type CaseReport, replayCase, replayCaseOnBoard } from "./simulate-case.ts";
import {
  DEFAULT_REBOOTS,
  readSimulateSettings,
  type SimulateFormat,
  type SimulateWords,
} from "./simulate-settings.ts";
import type { Terminal } from "./terminal.ts";

export interface SimulateArguments {
  readonly given: (
    name: SettingName,
  ) => { text: string; origin: "flag" | "environment" } | undefined;
  readonly color: boolean;
  readonly list: boolean;
}

const GENERATORS: readonly string[] = [HONEST, ...ZOO.map((member) => member.name)];

export async function simulateCommand(
  { given, color, list }: SimulateArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const merged = mergeSettings(given, config);
  const words = readSimulateSettings(merged, GENERATORS, terminal.environment);
  await expectWritable(words.output);
  if (list) {
    await writeResults(terminal, listText(words.format), words.output);
    return EXIT.pass;
  }
  const file =
    words.campaign === undefined ? {} : await readCampaignFile(words.campaign, simulateSection);
  const campaign = await campaignOf(words, file);
  const inColor = color && config.color !== false && words.output === undefined;
  const paint = paintFor(terminal, inColor);
  if (words.case !== undefined) {
    const format = caseFormat(words.format);
    const { text, exitCode } = isEmulatedBoard(campaign.board)
      ? await playOnBoard(campaign, words.case, format, paint, terminal)
      : replayCase(campaign, words.case, format, paint);
    await writeResults(terminal, text, words.output);
    return exitCode;
  }
  const { run, interrupted } = await runSimulation(campaign, words, terminal);
  await writeResults(terminal, await reportOf(run, words.format, paint), words.output);
  if (interrupted) {
    terminal.err(`isnkit: interrupted; partial results: ${verdictLine(run)}\n`);
    return EXIT.interrupted;
  }
  return EXIT[run.verdict];
}

async function playOnBoard(
  campaign: Campaign,
  name: CaseName,
  format: "text" | "json",
  paint: Paint,
  terminal: Terminal,
): Promise<CaseReport> {
  const progress = progressOn(terminal, () => performance.now());
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  try {
    return await replayCaseOnBoard(campaign, name, format, paint, {
      signal: stop.signal,
      onBoot: (boot) => progress.tick(() => `boot ${boot} of the case on ${campaign.board}`),
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const text = format === "json" ? "" : "interrupted: the case was not played to its end\n";
    return { text, exitCode: EXIT.interrupted };
  } finally {
    forget();
    progress.clear();
  }
}

/** One case is a story, not a run. */
function caseFormat(format: SimulateFormat): "text" | "json" {
  if (format === "text" || format === "json") return format;
  throw new UsageError(
    "option-unused",
    `--format ${format} has no meaning with --case`,
    "take text or json, or leave --case out for the report of a run",
  );
}

async function reportOf(run: SimulateRun, format: SimulateFormat, paint: Paint): Promise<string> {
  if (format === "text") return simulateText(run, paint);
  if (format === "json") return simulateJson(run);
  const { simulateReport } = await import("../simulate/views/simulate-report.ts");
  return rendered(simulateReport(run), format);
}

async function campaignOf(
  words: SimulateWords,
  file: CampaignFile<SimulateSection>,
): Promise<Campaign> {
  const reboots = words.reboots ?? file.reboots ?? DEFAULT_REBOOTS;
  const settings = settingsFor(words, file, reboots);
  const seed = words.case?.seed ?? words.seed ?? file.seed ?? randomBytes(4).readUInt32LE();
  const { board, generator, flags, depth } = words;
  const wasm = await readIsnModule();
  const common = { settings, seed, board, generator, wasm, version: packageVersion(), flags };
  if (depth === undefined) {
    return { ...common, mode: "swarm", total: casesFor(reboots, settings.rebootsPerCase) };
  }
  return { ...common, mode: "exhaustive", depth, total: exhaustiveCases({ wasm, seed, depth }) };
}

function settingsFor(
  words: SimulateWords,
  file: CampaignFile<SimulateSection>,
  reboots: number,
): SimulateSettings {
  const base = settingsOf(file);
  return {
    ...base,
    // A run that is shorter than a case is one short case.
    rebootsPerCase: Math.max(2, Math.min(base.rebootsPerCase, reboots)),
    faults: { ...base.faults, ...words.faults },
    mslMs: words.mslUs === undefined ? base.mslMs : words.mslUs / 1000,
    // Cuts at chosen operations take other canaries than drawn lives, unless the file names some.
    canaries:
      words.depth === undefined
        ? base.canaries
        : (file.simulate?.canaries ?? cutCanaries(words.depth)),
  };
}

async function runSimulation(
  campaign: Campaign,
  words: SimulateWords,
  terminal: Terminal,
): Promise<{ run: SimulateRun; interrupted: boolean }> {
  const progress = progressOn(terminal, () => performance.now());
  const stop = new AbortController();
  let interrupted = false;
  const forget = terminal.onInterrupt(() => {
    interrupted = true;
    stop.abort();
  });
  const rate = rateMeter(() => performance.now());
  try {
    const run = await simulate({
      campaign,
      ...(words.shard === undefined ? {} : { shard: words.shard }),
      workers: words.workers ?? availableParallelism(),
      signal: stop.signal,
      nowMs: () => performance.now(),
      startedAt: new Date(),
      onProgress: (stage) => show(progress, stage, rate),
    });
    return { run, interrupted };
  } finally {
    forget();
    progress.clear();
  }
}

function show(progress: Progress, stage: SimulateStage, rate: RateMeter): void {
  progress.tick(() => {
    if (stage.stage === "canary") return `canary ${stage.generator}`;
    if (stage.stage === "shrink") return `making a case small that breaks ${stage.rule}`;
    const { perSecond, leftS } = rate(stage);
    const left = leftS === undefined ? "" : `, ${formatLeft(leftS)} left`;
    const percent = Math.floor((100 * stage.done) / Math.max(1, stage.of));
    return `${percent} %  ${plural(stage.reboots, "reboot")}, ${plural(perSecond, "reboot")} a second${left}`;
  });
}

type CasesStage = Extract<SimulateStage, { stage: "cases" }>;
type RateMeter = (stage: CasesStage) => { perSecond: number; leftS: number | undefined };

/** Reboots a second since the first case, and how long the rest takes at that. */
function rateMeter(nowMs: () => number): RateMeter {
  let startMs: number | undefined;
  return ({ done, of, reboots }) => {
    startMs ??= nowMs();
    const elapsedS = (nowMs() - startMs) / 1000;
    if (elapsedS <= 0 || done === 0) return { perSecond: 0, leftS: undefined };
    return {
      perSecond: Math.round(reboots / elapsedS),
      leftS: (elapsedS / done) * (of - done),
    };
  };
}

function formatLeft(seconds: number): string {
  const s = Math.ceil(seconds);
  return s < 120 ? `${s} s` : `${Math.ceil(s / 60)} min`;
}

function listText(format: SimulateFormat): string {
  const rules = [...LIFE_RULES, isnRepeatsBetweenDevices].map(({ id, holds, clause }) => ({
    id,
    holds,
    clause,
  }));
  const faults = FAULT_KINDS.map((kind) => ({ kind, rate: DEFAULT_SETTINGS.faults[kind] }));
  const geometries = DEFAULT_SETTINGS.storage.map(geometryName);
  const exhaustive = GEOMETRIES.map(geometryName);
  const servers = PEERS.map(({ name, title, source }) => ({ name, title, source }));
  const canaries = [...ZOO, ...CUT_ZOO].map(({ name, field, rules: caughtBy }) => ({
    name,
    field,
    caughtBy,
    byDefault: DEFAULT_SETTINGS.canaries.includes(name),
    byDefaultExhaustive: cutCanaries(2).includes(name),
  }));
  if (format === "json") {
    const document = { rules, faults, geometries, exhaustive, servers, canaries };
    return `${JSON.stringify({ schema: "isnkit.simulate-list/1", ...document }, undefined, 2)}\n`;
  }
  return [
    "rules",
    ...rules.map(({ id, holds, clause }) => `  ${id.padEnd(28)} ${holds} [${clause}]`),
    "faults, with their chance in a boot (entropy-…: in a case)",
    ...faults.map(({ kind, rate }) => `  ${kind.padEnd(28)} ${rate}`),
    "geometries (--exhaustive: all but the first)",
    ...geometries.map((name) => `  ${name}`),
    "servers",
    ...servers.map(({ name, title, source }) => `  ${name.padEnd(28)} ${title}: ${source}`),
    "bad generators (* is a canary by default, + one of --exhaustive)",
    ...canaries.map(
      ({ name, caughtBy, byDefault, byDefaultExhaustive }) =>
        `${byDefault ? "*" : " "}${byDefaultExhaustive ? "+" : " "}${name.padEnd(28)} caught by ${caughtBy.join(", ")}`,
    ),
    "",
  ].join("\n");
}
