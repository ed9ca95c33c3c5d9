/** The report of an analysis for programs: schema `isnkit.analyze/1`, whole or line by line. */
import { printableJson } from "../../core/plain-text.ts";
import type { ConnectionRow } from "../connection-row.ts";
import type { Finding } from "../findings.ts";
import { type AnalysisRun, verdictOf } from "./analysis-run.ts";

export const ANALYZE_SCHEMA = "isnkit.analyze/1";

/** One JSON document. Times are microseconds since 1970, numbers u32, distances signed. */
export function analyzeJson(run: AnalysisRun): string {
  const { analysis } = run;
  const document = {
    ...summary(run),
    findings: analysis.findings,
    connections: analysis.connections,
    ...(run.narration === undefined ? {} : { narration: run.narration }),
  };
  return `${printableJson(document)}\n`;
}

/** One line: a finding, as soon as its first case is seen; its count may grow until the summary. */
export function findingLine(finding: Finding): string {
  return line({ kind: "finding", ...finding });
}

/** One line: a connection that is over. */
export function connectionLine(row: ConnectionRow): string {
  return line({ kind: "connection", ...row });
}

/** The last line: verdict and counts, with the final count of each finding. */
export function summaryLine(run: AnalysisRun): string {
  const findings = run.analysis.findings.map(({ rule, severity, count, host, connection }) => ({
    rule,
    severity,
    count,
    host,
    connection,
  }));
  return line({ kind: "summary", ...summary(run), findings });
}

function summary(run: AnalysisRun) {
  const { analysis, filters, forecast } = run;
  const { name, format, counts, checksums, firstUs, lastUs, truncated, notes } = analysis;
  return {
    schema: ANALYZE_SCHEMA,
    verdict: verdictOf(run),
    capture: { name, format, firstUs, lastUs, truncated },
    filters,
    counts,
    checksums,
    notes,
    ...(forecast === undefined
      ? {}
      : { peer: forecast.peer, forecast: forecast.connections, forecastText: forecast.lines }),
  };
}

/** JSON without line feeds: its strings hold none, so the layout can be taken away. */
function line(value: unknown): string {
  const text = printableJson(value).split("\n");
  return `${text.map((part) => part.trimStart()).join("")}\n`;
}
