/** The report of an analysis for people: causes first, then the connections. */

import { formatDurationUs } from "../../core/duration.ts";
import { NO_PAINT, type Paint } from "../../core/paint.ts";
import { printable } from "../../core/plain-text.ts";
import { shellWord } from "../../core/shell-word.ts";
import { tupleKey } from "../../core/tuple.ts";
import type { ChecksumCounts, ChecksumSummary } from "../checksum-census.ts";
import type { ConnectionRow } from "../connection-row.ts";
import type { Finding } from "../findings.ts";
import { absolute, grouped, plural, signed } from "../wording.ts";
import { type AnalysisRun, doubtOf, verdictOf } from "./analysis-run.ts";
import { outcomeText } from "./outcome-text.ts";

/** Connections shown at most; JSON has more. */
const ROWS_SHOWN_MAX = 24;
const SHOWN_PER_RULE_MAX = 5;

/** Several lines, ending in a line feed. The first one names the cause, the last one the verdict. */
export function analyzeText(run: AnalysisRun, paint: Paint = NO_PAINT): string {
  const { analysis } = run;
  const lines = [
    printable(headline(run)),
    ...shownFindings(analysis.findings).flatMap((finding) => [
      "",
      ...findingLines(finding, run, paint),
    ]),
    ...hiddenLines(analysis.findings),
  ];
  if (run.narration) lines.push("", ...run.narration.map(printable));
  if (run.forecast) lines.push("", ...run.forecast.lines.map(printable));
  lines.push("", ...connectionLines(run, paint));
  lines.push("", checksumLine(analysis.checksums));
  if (analysis.notes.length > 0) {
    lines.push("", ...analysis.notes.map((note) => `note: ${printable(note)}`));
  }
  lines.push("", verdictText(run, paint));
  return `${lines.join("\n")}\n`;
}

/** One finding as a paragraph, for live output. */
export function findingText(finding: Finding, firstUs: number, paint: Paint = NO_PAINT): string {
  return `${paragraph(finding, firstUs, undefined, paint).join("\n")}\n`;
}

/** The verdict in one line, without colours. */
export function verdictLine(run: AnalysisRun): string {
  return verdictText(run, NO_PAINT);
}

function headline({ analysis }: AnalysisRun): string {
  const { findings, name } = analysis;
  const [first] = findings;
  if (first?.severity !== "fault") {
    const what = first ? `; ${first.rule}: ${first.summary}` : "";
    return `isnkit analyze ${name}: no fault found${what}`;
  }
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  const more = faults > 1 ? ` (and ${plural(faults - 1, "more fault")})` : "";
  return `isnkit analyze ${name}: ${first.rule}: ${first.summary}${more}`;
}

function shownFindings(findings: readonly Finding[]): readonly Finding[] {
  const counts = new Map<string, number>();
  return findings.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= SHOWN_PER_RULE_MAX;
  });
}

function hiddenLines(findings: readonly Finding[]): string[] {
  const hidden = findings.length - shownFindings(findings).length;
  return hidden === 0
    ? []
    : ["", `… and ${plural(hidden, "more finding")} (--format json has all)`];
}

function findingLines(finding: Finding, run: AnalysisRun, paint: Paint): string[] {
  return paragraph(finding, run.analysis.firstUs ?? 0, run.analysis.name, paint);
}

function paragraph(
  finding: Finding,
  firstUs: number,
  file: string | undefined,
  paint: Paint,
): string[] {
  const mark = { fault: paint.bad, information: paint.open, harmless: paint.good };
  const { severity, rule, confidence, count, clause } = finding;
  const times = count > 1 ? `, ${plural(count, "time")}` : "";
  const lines = [
    `${mark[severity](`${severity}: ${rule}`)} (${confidence}${times}) [${clause}]`,
    `  ${printable(finding.summary)}.`,
    `  ${printable(finding.detail)}`,
  ];
  const numbers = finding.numbers ?? [];
  if (numbers.length > 0) lines.push(`  numbers: ${numbers.map(numberText).join("; ")}`);
  if (finding.blames !== undefined) lines.push(`  blamed: ${printable(finding.blames)}`);
  lines.push(`  evidence: ${printable(evidence(finding, firstUs))}`);
  if (severity === "fault") {
    lines.push(`  why: ${finding.explanation}`, `  remedy: ${finding.remedy}`);
  }
  if (finding.settle !== undefined) lines.push(`  to settle it: ${printable(finding.settle)}`);
  const reader = file === undefined ? "" : ` -r ${printable(shellWord(file))}`;
  lines.push(paint.faint(`  tshark${reader} -Y '${printable(finding.filter)}'`));
  return lines;
}

function numberText({
  name,
  value,
  frame,
}: {
  name: string;
  value: number;
  frame?: number;
}): string {
  const isSmall = /port|reuses|refused|length/.test(name);
  const text = isSmall ? String(value) : absolute(value);
  return frame === undefined ? `${name} ${text}` : `${name} ${text} in frame ${frame}`;
}

function evidence({ frames, timeUs, distance, elapsedUs }: Finding, firstUs: number): string {
  const parts = [
    `${frames.length === 1 ? "frame" : "frames"} ${frames.join(", ")}`,
    `${formatDurationUs(timeUs - firstUs)} into the capture`,
  ];
  if (distance !== undefined) parts.push(`distance ${signed(distance)}`);
  if (elapsedUs !== undefined) parts.push(`time between ${formatDurationUs(elapsedUs)}`);
  return parts.join(", ");
}

function connectionLines({ analysis }: AnalysisRun, paint: Paint): string[] {
  const { connections, counts, firstUs = 0 } = analysis;
  const shown = [...connections]
    .sort((a, b) => a.firstFrame - b.firstFrame)
    .slice(0, ROWS_SHOWN_MAX);
  const rows = shown.map((row) => cells(row, firstUs));
  const head = ["connection", "opened", "frames", "client ISN..next", "server ISN..next", "end"];
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  const lines = [paint.faint(line(head)), ...rows.map(line)];
  const more = counts.connections - shown.length;
  if (more > 0) lines.push(`… and ${plural(more, "more connection")}`);
  return lines;
}

function cells(row: ConnectionRow, firstUs: number): string[] {
  const { client, server } = row;
  return [
    tupleKey(row.tuple),
    formatDurationUs(row.openedUs - firstUs),
    `${row.firstFrame}-${row.lastFrame}`,
    `${client.isn ?? "?"}..${client.next ?? "?"}`,
    server.next === undefined ? "-" : `${server.isn ?? "?"}..${server.next}`,
    outcomeText(row),
  ];
}

function checksumLine({ ipv4, tcp }: ChecksumSummary): string {
  return `checksums: ${[`IPv4 ${countsText(ipv4)}`, `TCP ${countsText(tcp)}`].join("; ")}`;
}

function countsText({ ok, bad, unfilled, unknown }: ChecksumCounts): string {
  const parts = [
    `${grouped(ok)} right`,
    ...(bad > 0 ? [`${grouped(bad)} wrong`] : []),
    ...(unfilled > 0 ? [`${grouped(unfilled)} not filled in yet`] : []),
    ...(unknown > 0 ? [`${grouped(unknown)} not captured whole`] : []),
  ];
  return parts.join(", ");
}

function verdictText(run: AnalysisRun, paint: Paint): string {
  const { analysis } = run;
  const { counts } = analysis;
  const extent = `${plural(counts.connections, "connection")}, ${plural(counts.analysed, "TCP packet")}`;
  const verdict = verdictOf(run);
  if (verdict === "fault") {
    const faults = analysis.findings.filter(({ severity }) => severity === "fault");
    const ids = [...new Set(faults.map(({ rule }) => rule))].join(", ");
    return `${paint.bad("FAULT")}  ${ids} over ${extent}`;
  }
  if (verdict === "inconclusive") {
    return `${paint.open("INCONCLUSIVE")}  no fault found over ${extent}, but ${doubtOf(analysis)}`;
  }
  return `${paint.good("CLEAN")}  no fault found over ${extent}`;
}
