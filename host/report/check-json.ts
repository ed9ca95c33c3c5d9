/** The report of a check for programs: schema `isnkit.check/1`. */
import { type CheckRun, replayOf, replayOfFinding } from "./check-run.ts";
import { printableJson } from "./plain-text.ts";

export const CHECK_SCHEMA = "isnkit.check/1";

/** One JSON document, ending in a line feed. Times are microseconds, numbers u32, distances signed. */
export function checkJson(run: CheckRun): string {
  const { result, source } = run;
  const document = {
    schema: CHECK_SCHEMA,
    verdict: result.verdict,
    source,
    seed: run.seed ?? null,
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
  };
  return `${printableJson(document)}\n`;
}
