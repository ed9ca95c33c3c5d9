/** Runs a check to its end, or until it is interrupted, and gives what reports are made from. */

import { randomBytes } from "node:crypto";
import { readBench } from "../boards/bench-file.ts";
import { Check, type CheckEnding, type CheckResult } from "../check/engine.ts";
import type { CheckContext, RuleId } from "../check/rule.ts";
import { CAPTURE_RULES, RULES, ruleById } from "../check/rules/index.ts";
import { judgeStatistics, StatisticsCollector } from "../check/statistics/counts.ts";
import type { Statistic } from "../check/statistics/statistic.ts";
import { weighStatistics } from "../check/statistics/weigh.ts";
import type { CheckRun } from "../check/views/check-run.ts";
import { BenchError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import { findDeskBoard, openDesk } from "../desk/desk-board.ts";
import { compileIsnModule } from "../module/load.ts";
import { PlotAggregator } from "../report/plots/plot-aggregator.ts";
import type { PlotData } from "../report/plots/plot-data.ts";
import { captureSamples } from "../sources/capture/samples.ts";
import { type DeskSourceOptions, openDeskSource } from "../sources/desk-source.ts";
import { openEmulatedSource } from "../sources/emulated-source.ts";
import { nowUs } from "../system/clock.ts";
import { DEFAULT_BOARD } from "../virtual/board.ts";
import { virtualBoardSamples } from "../virtual/campaign.ts";
import type { CheckFiles } from "./check-files.ts";
import type {
  BoardJob,
  CaptureJob,
  CheckSettings,
  DeskJob,
  EmulatedJob,
} from "./check-settings.ts";
import { openKeptRun } from "./kept-run.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** Samples between two looks at the event loop, which is when Ctrl-C is noticed. */
const SAMPLES_PER_TURN = 2048;

export interface JobSetting {
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** Draws a u32 when no seed was given. */
  readonly drawSeed: () => number;
  readonly files: CheckFiles;
}

export interface FinishedJob {
  readonly run: CheckRun;
  readonly interrupted: boolean;
}

export async function runCheckJob(
  settings: CheckSettings,
  setting: JobSetting,
): Promise<FinishedJob> {
  const { job } = settings;
  if (job.kind === "board") return runBoard(job, settings, setting);
  if (job.kind === "emulated" || job.kind === "desk") return runBench(job, settings, setting);
  return runCapture(job, settings, setting);
}

async function runBoard(
  job: BoardJob,
  settings: CheckSettings,
  setting: JobSetting,
): Promise<FinishedJob> {
  const seed = job.seed ?? setting.drawSeed();
  const wasm = await compileIsnModule();
  const mslMs = settings.mslUs / 1000;
  const { generator, reboots } = job;
  const samples = virtualBoardSamples({
    generator,
    seed,
    reboots,
    wasm,
    settings: { ...DEFAULT_BOARD, mslMs },
    workload: setting.files.plan,
  });
  const context = {
    twoMslUs: 2 * settings.mslUs,
    source: "board",
    ports: DEFAULT_BOARD.ports,
  } as const;
  const { interrupted, ...judged } = await judge(samples, settings, context, setting, {
    describe: ({ counts }) => `boot ${counts.boots - 1} of ${reboots}`,
    end: () => ({ notes: simulatedNotes(setting.files) }),
  });
  const source = { kind: "board", board: job.board, reboots } as const;
  const { campaign } = setting.files;
  const file = campaign === undefined ? {} : { campaign };
  return { run: { ...judged, source, seed, ...file, ...spelled(settings) }, interrupted };
}

/** What a campaign file asks for that the virtual board of a check cannot follow. */
function simulatedNotes({ plan, unused }: CheckFiles): string[] {
  const parts = [...unused, ...(plan.rungs === undefined ? [] : ["bench.rungs"])];
  if (parts.length === 0) return [];
  return [`not followed on the virtual board: ${parts.join(", ")} of the campaign file`];
}

/** A board in an emulator or on the desk, in real time: the firmware runs, the bench reboots it. */
async function runBench(
  job: EmulatedJob | DeskJob,
  settings: CheckSettings,
  setting: JobSetting,
): Promise<FinishedJob> {
  const { board, reboots } = job;
  const stop = new AbortController();
  const { files, terminal } = setting;
  const kept = await openKeptRun(job, settings, files, setting.drawSeed);
  const { seed } = kept;
  let resumable = true;
  try {
    const options = {
      reboots,
      seed,
      nowUs,
      sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
      signal: stop.signal,
      ...files.plan,
      ...kept.hooks,
    };
    const source =
      job.kind === "desk"
        ? await openDeskJob(job, settings, options)
        : await openEmulatedSource({ ...options, selector: board, newKey: () => randomBytes(16) });
    const { context, words, asked, ending, followed } = source;
    resumable = source.resumable;
    // The reason stands in the report.
    const shortWords = words.split(/[:(]/)[0]?.trim();
    const { interrupted, ...judged } = await judge(
      kept.around(source.samples),
      settings,
      context,
      setting,
      {
        describe: ({ counts }) => `boot ${counts.boots - 1} of ${reboots}, ${shortWords}`,
        samplesPerTurn: 1,
        ...(asked === undefined ? {} : { asked }),
        stop: () => stop.abort(),
        end: () => kept.ending(ending(), followed),
      },
    );
    if (interrupted) kept.tell(terminal, resumable);
    else await kept.finish();
    const facts = { kind: "board", board, reboots } as const;
    const campaign = files.campaign === undefined ? {} : { campaign: files.campaign };
    return {
      run: { ...judged, source: facts, seed, ...campaign, ...spelled(settings) },
      interrupted,
    };
  } catch (error) {
    if (error instanceof BenchError) kept.tell(terminal, resumable);
    throw error;
  } finally {
    kept.close();
  }
}

async function openDeskJob(
  job: DeskJob,
  { bench: file }: CheckSettings,
  options: Omit<DeskSourceOptions, "board" | "desk">,
) {
  const desk = await openDesk(await readBench(file));
  return openDeskSource({ ...options, board: await findDeskBoard(job.selector, desk), desk });
}

async function runCapture(
  job: CaptureJob,
  settings: CheckSettings,
  setting: JobSetting,
): Promise<FinishedJob> {
  const { input } = setting.terminal;
  const samples = captureSamples(job.file === "-" ? input : job.file, {
    device: job.device,
    twoMslUs: 2 * settings.mslUs,
    ...(job.bootGapUs === undefined ? {} : { bootGapUs: job.bootGapUs }),
    ...(job.bootTimesUs === undefined ? {} : { bootTimesUs: job.bootTimesUs }),
  });
  const context = { twoMslUs: 2 * settings.mslUs, source: "capture" } as const;
  const { interrupted, ...judged } = await judge(samples, settings, context, setting, {
    describe: ({ counts }) => `${counts.connections} connections`,
    stop: () => input.destroy(),
    end: () => {
      const { notes, truncated } = samples.summary();
      return { notes: notes.map((note) => note.message), incomplete: truncated };
    },
  });
  const { packets, devicePackets, bootMethod } = samples.summary();
  const { bootOptions } = job;
  const source = {
    kind: "capture",
    file: job.file,
    device: job.device.text,
    bootOptions,
    packets,
    devicePackets,
    bootMethod,
  } as const;
  return { run: { ...judged, source, ...spelled(settings) }, interrupted };
}

interface Watched {
  readonly describe: (check: Check) => string;
  /** Rules that the source can settle; absent: the usual ones. */
  readonly asked?: readonly RuleId[];
  /** Samples between two looks at the event loop. */
  readonly samplesPerTurn?: number;
  /** Ends a wait for input. */
  readonly stop?: () => void;
  readonly end: () => CheckEnding;
}

interface Judged {
  readonly result: CheckResult;
  readonly statistics: readonly Statistic[];
  readonly plots: PlotData;
  readonly interrupted: boolean;
}

async function judge(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  settings: CheckSettings,
  context: CheckContext,
  { terminal, progress }: JobSetting,
  watched: Watched,
): Promise<Judged> {
  const all = context.source === "capture" ? CAPTURE_RULES : RULES.map((rule) => rule.id);
  const usual = watched.asked ?? all;
  const samplesPerTurn = watched.samplesPerTurn ?? SAMPLES_PER_TURN;
  const rules = settings.rules?.map(ruleById) ?? RULES;
  const check = new Check({ rules, asked: settings.rules ?? usual, context });
  const plots = new PlotAggregator(context.ports === undefined ? {} : { ports: context.ports });
  const collector = new StatisticsCollector(context);
  let interrupted = false;
  const forget = terminal.onInterrupt(() => {
    interrupted = true;
    watched.stop?.();
  });
  try {
    let left = samplesPerTurn;
    for await (const sample of samples) {
      plots.observe(sample, check.observe(sample) > 0);
      collector.observe(sample);
      if (--left > 0) continue;
      left = samplesPerTurn;
      progress.tick(() => watched.describe(check));
      await new Promise((resolve) => setImmediate(resolve));
      if (interrupted) break;
    }
  } catch (error) {
    // Input that was stopped on purpose ends with an error of its own.
    if (!interrupted) throw error;
  } finally {
    forget();
    progress.clear();
  }
  const ending = watched.end();
  const notes = [...(ending.notes ?? [])];
  if (interrupted) notes.push("the run was interrupted; what was seen until then is reported");
  const incomplete = interrupted || ending.incomplete === true;
  const statistics = judgeStatistics(collector.counts);
  const result = weighStatistics(check.finish({ notes, incomplete }), statistics);
  return { result, statistics, plots: plots.finish(), interrupted };
}

/** What a replay has to repeat. */
function spelled({ msl, rules }: CheckSettings) {
  return { ...(msl === undefined ? {} : { msl }), ...(rules === undefined ? {} : { rules }) };
}
