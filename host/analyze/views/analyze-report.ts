/** Puts an analysis into the form that HTML, JUnit and Markdown are made from: causes first. */
import { formatDurationUs } from "../../core/duration.ts";
import { shellWord } from "../../core/shell-word.ts";
import { tupleKey } from "../../core/tuple.ts";
import type {
  Fact,
  Report,
  ReportFinding,
  ReportRule,
  ReportTable,
} from "../../report/report-model.ts";
import { counted } from "../../report/wording.ts";
import type { ConnectionRow } from "../connection-row.ts";
import { DIAGNOSES } from "../diagnoses/index.ts";
import type { Finding } from "../findings.ts";
import { absolute, grouped, plural, signed } from "../wording.ts";
import { type AnalysisRun, doubtOf, verdictOf } from "./analysis-run.ts";
import { capturePlots } from "./capture-plots.ts";
import { outcomeText } from "./outcome-text.ts";

/** Connections listed in the report; JSON has more. */
const ROWS_MAX = 300;

export function analyzeReport(run: AnalysisRun): Report {
  const { analysis } = run;
  const { findings, counts } = analysis;
  const faults = findings.filter(({ severity }) => severity === "fault");
  return {
    command: "analyze",
    verdict: { fault: "fail", clean: "pass", inconclusive: "inconclusive" }[
      verdictOf(run)
    ] as Report["verdict"],
    subject: `capture ${analysis.name}`,
    sentence: sentenceOf(run),
    figures: [
      counted(counts.packets, "packet"),
      counted(counts.analysed, "TCP packet judged", "TCP packets judged"),
      counted(counts.connections, "connection"),
      { name: "time covered", value: spanOf(run) },
      counted(faults.length, "fault"),
    ],
    rules: DIAGNOSES.map(({ id, title, severity, clause, remedy }) =>
      ruleOf(
        { id, title, severity, clause, remedy },
        findings.filter(({ rule }) => rule === id),
        counts.connections,
      ),
    ),
    findings: findings.map((finding) => findingOf(finding, run)),
    findingsTotal: findings.reduce((sum, { count }) => sum + count, 0),
    statistics: [],
    plots: capturePlots(run),
    tables: [connectionTable(run), ...forecastTables(run), ...narrationTables(run)],
    settings: settingsOf(run),
    replay: replayOf(run),
    notes: analysis.notes,
  };
}

function sentenceOf(run: AnalysisRun): string {
  const { analysis } = run;
  const { counts, findings } = analysis;
  const extent = plural(counts.connections, "connection");
  const faults = findings.filter(({ severity }) => severity === "fault");
  const [first] = faults;
  if (first !== undefined) {
    const more = faults.length > 1 ? ` (and ${plural(faults.length - 1, "more fault")})` : "";
    return `${first.summary.charAt(0).toUpperCase()}${first.summary.slice(1)}${more}.`;
  }
  if (verdictOf(run) === "inconclusive") {
    return `No fault was found in ${extent}, but ${doubtOf(analysis)}: this is no clean bill.`;
  }
  return `No fault was found in ${extent}.`;
}

function spanOf({ analysis: { firstUs, lastUs } }: AnalysisRun): string {
  return firstUs === undefined || lastUs === undefined
    ? "none"
    : formatDurationUs(lastUs - firstUs);
}

function ruleOf(
  diagnosis: { id: string; title: string; severity: string; clause: string; remedy: string },
  findings: readonly Finding[],
  connections: number,
): ReportRule {
  const { id, title, clause, remedy } = diagnosis;
  const count = findings.reduce((sum, finding) => sum + finding.count, 0);
  const isFault = findings.some(({ severity }) => severity === "fault");
  return {
    id,
    status: isFault ? "fail" : count > 0 ? "info" : "pass",
    asked: true,
    holds: title,
    meaning: title,
    tried: grouped(connections),
    findings: count,
    clause,
    remedy,
  };
}

function findingOf(finding: Finding, run: AnalysisRun): ReportFinding {
  const { rule, severity, summary, detail, explanation, settle, clause, remedy, filter } = finding;
  const details = [detail];
  if (severity === "fault") details.push(`Why: ${explanation}`);
  if (settle !== undefined) details.push(`To settle it: ${settle}`);
  const file = run.analysis.name === "standard input" ? "" : ` -r ${shellWord(run.analysis.name)}`;
  return {
    rule,
    severity,
    summary,
    details,
    evidence: evidenceOf(finding, run.analysis.firstUs ?? 0),
    clause,
    remedy,
    commands: [{ name: "show the packets", value: `tshark${file} -Y ${shellWord(filter)}` }],
  };
}

function evidenceOf(finding: Finding, firstUs: number): Fact[] {
  const { confidence, count, frames, timeUs, connection, host, numbers = [] } = finding;
  const facts: Fact[] = [
    { name: "how sure", value: confidence },
    counted(count, "case"),
    { name: frames.length === 1 ? "frame" : "frames", value: frames.join(", ") },
    { name: "time in the capture", value: formatDurationUs(timeUs - firstUs) },
  ];
  if (connection !== undefined) facts.push({ name: "connection", value: connection });
  else if (host !== undefined) facts.push({ name: "host", value: host });
  for (const { name, value, frame } of numbers) {
    const isSmall = /port|reuses|refused|length/.test(name);
    const where = frame === undefined ? {} : { note: `frame ${frame}` };
    facts.push({ name, value: isSmall ? String(value) : absolute(value), ...where });
  }
  if (finding.distance !== undefined) {
    facts.push({ name: "distance", value: signed(finding.distance) });
  }
  if (finding.elapsedUs !== undefined) {
    facts.push({ name: "time between", value: formatDurationUs(finding.elapsedUs) });
  }
  return facts;
}

function connectionTable({ analysis }: AnalysisRun): ReportTable {
  const { connections, counts, firstUs = 0 } = analysis;
  const rows = [...connections]
    .sort((a, b) => a.firstFrame - b.firstFrame)
    .slice(0, ROWS_MAX)
    .map((row) => cellsOf(row, firstUs));
  return {
    title: "Connections",
    columns: ["Connection", "Opened", "Frames", "Client ISN to next", "Server ISN to next", "End"],
    rows,
    more: counts.connections - rows.length,
  };
}

function cellsOf(row: ConnectionRow, firstUs: number): string[] {
  const { client, server } = row;
  const range = (isn: number | undefined, next: number | undefined) =>
    next === undefined ? "–" : `${isn ?? "?"} to ${next}`;
  return [
    tupleKey(row.tuple),
    formatDurationUs(row.openedUs - firstUs),
    `${row.firstFrame}–${row.lastFrame}`,
    range(client.isn, client.next ?? client.isn),
    range(server.isn, server.next),
    outcomeText(row),
  ];
}

function forecastTables({ forecast }: AnalysisRun): ReportTable[] {
  if (forecast === undefined) return [];
  const rows = forecast.connections.flatMap(({ connection, state, cases }) =>
    cases.map(({ syn, isn, answer, because }) => [
      connection,
      state,
      syn,
      absolute(isn),
      answer,
      because,
    ]),
  );
  return [
    {
      title: `What a ${forecast.peer} server answers to the next SYN`,
      short: "Next SYN",
      columns: ["Connection", "State", "SYN", "ISN", "Answer", "Because"],
      rows,
      more: 0,
    },
  ];
}

function narrationTables({ narration }: AnalysisRun): ReportTable[] {
  if (narration === undefined) return [];
  const rows = narration.map((line) => [line.trim()]);
  return [
    {
      title: "The session, packet by packet",
      short: "Session",
      columns: ["What happened"],
      rows,
      more: 0,
    },
  ];
}

function settingsOf({ analysis, filters, forecast }: AnalysisRun): Fact[] {
  const { name, format, truncated, firstUs } = analysis;
  const facts: Fact[] = [
    { name: "capture", value: name },
    { name: "format", value: format ?? "unknown" },
    { name: "whole", value: truncated ? "no, it is cut short or damaged" : "yes" },
    { name: "filters", value: filters.length === 0 ? "none" : filters.join(" ") },
  ];
  if (firstUs !== undefined && Math.abs(firstUs) < 8.64e18) {
    facts.push({ name: "first packet (UTC)", value: new Date(firstUs / 1000).toISOString() });
  }
  if (forecast !== undefined) facts.push({ name: "model of the server", value: forecast.peer });
  return facts;
}

function replayOf({ analysis, filters, forecast }: AnalysisRun): string {
  const file = analysis.name === "standard input" ? "-" : analysis.name;
  const peer = forecast === undefined ? [] : ["--peer", forecast.peer];
  return ["isnkit", "analyze", file, ...filters, ...peer].map(shellWord).join(" ");
}
