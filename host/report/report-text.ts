/** The report for a terminal, where a command has no text of its own. Its last line is the verdict. */
import { NO_PAINT, type Paint } from "./check-text.ts";
import { printableAll } from "./plain-text.ts";
import type { Report, ReportFinding, ReportRule } from "./report-model.ts";

const SHOWN_PER_RULE_MAX = 3;

export function reportText(raw: Report, paint: Paint = NO_PAINT): string {
  const report = printableAll(raw);
  const { command, subject, figures, rules, findings, notes, replay, verdict, sentence } = report;
  const mark = { pass: paint.good, fail: paint.bad, inconclusive: paint.open }[verdict];
  const ids = [...new Set(findings.map(({ rule }) => rule))];
  const lines = [
    `isnkit ${command}: ${subject}`,
    figures.map(({ name, value }) => `${value} ${name}`).join(", "),
    "",
    ...ruleLines(rules, paint),
    ...ids.flatMap((id) => ["", ...findingLines(id, report, paint)]),
  ];
  if (notes.length > 0) lines.push("", ...notes.map((note) => `note: ${note}`));
  if (replay !== undefined) lines.push("", `replay: ${replay}`);
  lines.push(`${mark(verdict.toUpperCase())}  ${sentence}`);
  return `${lines.join("\n")}\n`;
}

function ruleLines(rules: readonly ReportRule[], paint: Paint): string[] {
  const width = Math.max(4, ...rules.map(({ id }) => id.length));
  const marks = { pass: paint.good, fail: paint.bad, open: paint.open, info: paint.faint };
  const rows = rules.map(({ id, status, tried, findings, reason }) => {
    const remark =
      status === "open"
        ? `not judged: ${reason ?? ""}`
        : findings > 0
          ? `${findings} findings`
          : "";
    return `${id.padEnd(width)}  ${marks[status](status.padEnd(4))}  ${tried.padStart(13)}  ${remark}`.trimEnd();
  });
  return [paint.faint(`${"rule".padEnd(width)}  held         judged`), ...rows];
}

function findingLines(id: string, { findings, rules }: Report, paint: Paint): string[] {
  const own = findings.filter(({ rule }) => rule === id);
  const total = rules.find((rule) => rule.id === id)?.findings ?? own.length;
  const shown = own.slice(0, SHOWN_PER_RULE_MAX);
  const lines = shown.flatMap((finding) => findingText(finding, paint));
  const more = total - shown.length;
  if (more > 0) lines.push(`  … and ${more} more`);
  const [first] = own;
  if (first !== undefined) lines.push(`  remedy: ${first.remedy} [${first.clause}]`);
  return lines;
}

function findingText(finding: ReportFinding, paint: Paint): string[] {
  const facts = finding.evidence.map(({ name, value }) => `${name} ${value}`).join(", ");
  return [
    `${paint.bad(finding.rule)}  ${finding.summary}`,
    ...(facts === "" ? [] : [`  ${facts}`]),
    ...(finding.story ?? []).map((line) => `    ${line}`),
    ...finding.commands.map(({ name, value }) => `  ${name}: ${value}`),
  ];
}
