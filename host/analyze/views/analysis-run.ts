/** What the reports of an analysis are made from, and the verdict that all of them share. */
import { EXIT, type ExitCode } from "../../core/errors.ts";
import type { CaptureAnalysis } from "../analyze-capture.ts";
import type { PeerForecast } from "../peer-forecast.ts";

export interface AnalysisRun {
  readonly analysis: CaptureAnalysis;
  /** As the command line spells the filters: `--host 10.77.0.2`. */
  readonly filters: readonly string[];
  /** Lines of the narration, if it was asked for. */
  readonly narration?: readonly string[];
  readonly forecast?: PeerForecast;
}

/** `clean`: no fault found; `inconclusive`: none found, and `doubtOf` says why that is not enough. */
export type AnalysisVerdict = "fault" | "clean" | "inconclusive";

export function verdictOf({ analysis }: AnalysisRun): AnalysisVerdict {
  if (analysis.findings.some(({ severity }) => severity === "fault")) return "fault";
  return doubtOf(analysis) === undefined ? "clean" : "inconclusive";
}

/** Why nothing found is no clean bill, to follow a "but"; undefined if it is one. */
export function doubtOf({ truncated, counts }: AnalysisRun["analysis"]): string | undefined {
  if (truncated) return "the capture is cut short";
  if (counts.tunnelled > counts.tcpPackets) {
    return "most of what it holds is in tunnels that cannot be followed";
  }
  return counts.answered === 0 ? "it shows no SYN together with an answer to it" : undefined;
}

export function exitCodeOf(run: AnalysisRun): ExitCode {
  return { fault: EXIT.fail, clean: EXIT.pass, inconclusive: EXIT.inconclusive }[verdictOf(run)];
}
