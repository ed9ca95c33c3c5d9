/** Runs a check to its end, or until it is interrupted, and gives what reports are made from. */
import { randomBytes } from "node:crypto";
import { openEmulatedSource } from "../boards/emulated-source.ts";
import { captureSamples } from "../capture/samples.ts";
import { Check, type CheckEnding, type CheckResult } from "../check/engine.ts";
import type { CheckContext, RuleId } from "../check/rule.ts";
import { CAPTURE_RULES, RULES, ruleById } from "../check/rules/index.ts";
import { UsageError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import { compileIsnModule } from "../module/load.ts";
import type { CheckRun } from "../report/check-run.ts";
import { PlotAggregator } from "../report/plots/plot-aggregator.ts";
import type { PlotData } from "../report/plots/plot-data.ts";
import { DEFAULT_BOARD } from "../sim/board.ts";
import { virtualBoardSamples } from "../sim/campaign.ts";
import { judgeStatistics, StatisticsCollector } from "../statistics/counts.ts";
import type { Statistic } from "../statistics/statistic.ts";
import { weighStatistics } from "../statistics/weigh.ts";
import type { BoardJob, CaptureJob, CheckSettings, EmulatedJob } from "./check-settings.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** Samples between two looks at the event loop, which is when Ctrl-C is noticed. */
const SAMPLES_PER_TURN = 2048;

export interface JobSetting {
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** Draws a u32 when no seed was given. */
  readonly drawSeed: () => number;
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
  if (job.kind === "emulated") return runEmulated(job, settings, setting);
  if (job.kind === "desk") {
    throw new UsageError(
      "board-not-checkable",
      `${job.board} stands on a serial line, which isnkit check does not drive yet`,
      "check an emulated board: --board qemu:lm3s6965evb",
    );
  }
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
  });
  const context = {
    twoMslUs: 2 * settings.mslUs,
    source: "board",
    ports: DEFAULT_BOARD.ports,
  } as const;
  const { interrupted, ...judged } = await judge(samples, settings, context, setting, {
    describe: ({ counts }) => `boot ${counts.boots - 1} of ${reboots}`,
    end: () => ({}),
  });
  const source = { kind: "board", board: job.board, reboots } as const;
  return { run: { ...judged, source, seed, ...spelled(settings) }, interrupted };
}

/** A board in an emulator, in real time: the firmware runs, the bench cuts its power. */
async function runEmulated(
  job: EmulatedJob,
  settings: CheckSettings,
  setting: JobSetting,
): Promise<FinishedJob> {
  const seed = job.seed ?? setting.drawSeed();
  const { board, reboots } = job;
  const stop = new AbortController();
  const { samples, context, words, asked, ending } = await openEmulatedSource({
    selector: board,
    reboots,
    seed,
    nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newKey: () => randomBytes(16),
    signal: stop.signal,
  });
  // The reason stands in the report.
  const shortWords = words.split(/[:(]/)[0]?.trim();
  const { interrupted, ...judged } = await judge(samples, settings, context, setting, {
    describe: ({ counts }) => `boot ${counts.boots - 1} of ${reboots}, ${shortWords}`,
    samplesPerTurn: 1,
    ...(asked === undefined ? {} : { asked }),
    stop: () => stop.abort(),
    end: ending,
  });
  const source = { kind: "board", board, reboots } as const;
  return { run: { ...judged, source, seed, ...spelled(settings) }, interrupted };
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
