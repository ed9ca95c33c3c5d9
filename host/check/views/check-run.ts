/** What a report of a check is made from: the result, where its samples came from, how to replay. */

import { shellWord } from "../../core/shell-word.ts";
import type { PlotData } from "../../report/plots/plot-data.ts";
import type { CheckResult } from "../engine.ts";
import type { Finding } from "../rule.ts";
import type { Statistic } from "../statistics/statistic.ts";

export interface BoardSource {
  readonly kind: "board";
  /** Board selector, such as `sim` or `sim:fixed-plus-ticks`. */
  readonly board: string;
  readonly reboots: number;
}

export interface CaptureSourceFacts {
  readonly kind: "capture";
  readonly file: string;
  readonly device: string;
  /** As the command line spells it: `--boot-gap 2s`, or nothing. */
  readonly bootOptions: readonly string[];
  readonly packets: number;
  readonly devicePackets: number;
  /** How boots were looked for, in one sentence. */
  readonly bootMethod: string;
}

export interface CheckRun {
  readonly result: CheckResult;
  readonly source: BoardSource | CaptureSourceFacts;
  /** Seed of the virtual board, u32. */
  readonly seed?: number;
  /** The campaign file that a board in real time followed. */
  readonly campaign?: string;
  /** As the command line spells it, when it is not the default. */
  readonly msl?: string;
  /** Rules that were asked for by name, in the order of the command line. */
  readonly rules?: readonly string[];
  /** What the plots are drawn from. */
  readonly plots?: PlotData;
  readonly statistics?: readonly Statistic[];
}

/** The command that repeats the whole run. */
export function replayOf(run: CheckRun): string {
  const { source } = run;
  const reboots = source.kind === "board" ? source.reboots : 0;
  return command(run, reboots, run.rules);
}

/**
 * The command that shows one finding again: only its rule, and on the virtual board only as many
 * reboots as lead to it (what a boot does never depends on how many follow).
 */
export function replayOfFinding(run: CheckRun, finding: Finding): string {
  return command(run, Math.max(1, finding.boot), [finding.rule]);
}

function command(run: CheckRun, reboots: number, rules: readonly string[] | undefined): string {
  const { source } = run;
  const words = ["isnkit", "check"];
  if (source.kind === "board") {
    words.push("--board", source.board, "--reboots", String(reboots));
    if (run.seed !== undefined) words.push("--seed", String(run.seed));
    if (run.campaign !== undefined) words.push("--campaign", run.campaign);
  } else {
    words.push("--capture", source.file, "--device", source.device, ...source.bootOptions);
  }
  if (run.msl !== undefined) words.push("--msl", run.msl);
  if (rules !== undefined) words.push("--rules", rules.join(","));
  return words.map(shellWord).join(" ");
}
