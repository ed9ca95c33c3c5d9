/** The report of a check for programs, and the file that `isnkit report` reads: schema `isnkit.check/2`. */

import { compactJson } from "../../core/plain-text.ts";
import { type CheckRun, replayOf, replayOfFinding } from "./check-run.ts";

/** Version 2 carries what the plots are drawn from, and the settings that a replay needs. */
export const CHECK_SCHEMA = "isnkit.check/2";

/** One JSON document, ending in a line feed. Times are microseconds, numbers u32, distances signed. */
export function checkJson(run: CheckRun): string {
  const { result, source } = run;
  const document = {
    schema: CHECK_SCHEMA,
    verdict: result.verdict,
    source,
    seed: run.seed ?? null,
    settings: {
      msl: run.msl ?? null,
      rules: run.rules ?? null,
      ...(run.campaign === undefined ? {} : { campaign: run.campaign }),
    },
    replay: replayOf(run),
    counts: result.counts,
    rules: result.rules,
    findings: result.findings.map((finding) => ({
      ...finding,
      clause: result.rules.find((rule) => rule.id === finding.rule)?.clause,
      replay: replayOfFinding(run, finding),
    })),
    statistics: run.statistics ?? [],
    notes: result.notes,
    ...(run.plots === undefined ? {} : { plots: run.plots }),
  };
  return compactJson(document);
}
