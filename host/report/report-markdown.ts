/**
 * The report as Markdown, for a job summary of GitHub Actions (which takes at most 1 MiB a step) or a
 * comment on a change.
 */

import { printable } from "../core/plain-text.ts";
import { grouped } from "../core/plural.ts";
import type { Report, ReportFinding, ReportRule } from "./report-model.ts";

/** GitHub's limit for a step's summary is 1 MiB; some is left for what others write there. */
export const MARKDOWN_BYTES_MAX = 900_000;
const SHOWN_PER_RULE_MAX = 3;
const NOTES_MAX = 50;
const TEXT_MAX = 2_000;

const SIGNS = { pass: "✅", fail: "❌", open: "➖", info: "ℹ️" } as const;
const VERDICT_SIGNS = { pass: "✅", fail: "❌", inconclusive: "⚠️" } as const;

export function reportMarkdown(report: Report): string {
  const { verdict, command, sentence, subject, figures, notes, replay } = report;
  const blocks = [
    `## ${VERDICT_SIGNS[verdict]} isnkit ${command}: ${verdict}`,
    `**${plain(sentence)}**`,
    plain(subject),
    figures.map(({ name, value }) => `${plain(value)} ${plain(name)}`).join(" · "),
    ...failures(report),
    ...ruleTable(report.rules),
    ...statisticsTable(report),
    ...settings(report),
  ];
  if (notes.length > 0) {
    blocks.push(
      notes
        .slice(0, NOTES_MAX)
        .map((note) => `- ${plain(note)}`)
        .join("\n"),
    );
  }
  if (replay !== undefined) blocks.push(code(replay));
  return bounded(blocks);
}

/** Whole blocks from the top, as many as fit. */
function bounded(blocks: readonly string[]): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const block of blocks) {
    bytes += Buffer.byteLength(block) + 2;
    if (bytes > MARKDOWN_BYTES_MAX) {
      kept.push("_Cut short: the HTML or JSON report has the rest._");
      break;
    }
    kept.push(block);
  }
  return `${kept.join("\n\n")}\n`;
}

function failures({ findings, rules }: Report): string[] {
  const ids = [...new Set(findings.map(({ rule }) => rule))];
  return ids.flatMap((id) => {
    const own = findings.filter(({ rule }) => rule === id);
    const rule = rules.find((one) => one.id === id);
    const total = rule?.findings ?? own.length;
    const shown = own.slice(0, SHOWN_PER_RULE_MAX);
    const more = total - shown.length;
    const first = own[0];
    return [
      `### ${first?.severity === "fault" ? SIGNS.fail : SIGNS.info} ${code1(id)}`,
      ...(rule?.status === "fail" ? [`${plain(rule.meaning)}.`] : []),
      ...shown.flatMap(findingBlocks),
      ...(more > 0 ? [`… and ${more} more`] : []),
      ...(first === undefined
        ? []
        : [`**Remedy:** ${plain(first.remedy)} \\[${plain(first.clause)}\\]`]),
    ];
  });
}

function findingBlocks({ summary, evidence, commands }: ReportFinding): string[] {
  const facts = evidence.map(({ name, value }) => `${plain(name)} ${code1(value)}`).join(", ");
  return [
    `${plain(summary)}${facts === "" ? "" : `  \n${facts}`}`,
    ...commands.map(({ value }) => code(value)),
  ];
}

function ruleTable(rules: readonly ReportRule[]): string[] {
  const rows = rules.map(({ id, status, tried, findings, reason }) => {
    const remark = reason === undefined ? "" : plain(reason);
    return `| ${SIGNS[status]} | ${code1(id)} | ${plain(tried)} | ${findings} | ${remark} |`;
  });
  return [
    ["| | rule | tried | findings | |", "| --- | --- | --- | ---: | --- |", ...rows].join("\n"),
  ];
}

function statisticsTable({ statistics }: Report): string[] {
  if (statistics.length === 0) return [];
  const rows = statistics.map(
    ({ verdict, name, figure, limit, sampleSize }) =>
      `| ${SIGNS[verdict]} | ${plain(name)} | ${plain(figure)} | ${plain(limit)} | ${grouped(sampleSize)} |`,
  );
  const head = ["| | statistic | value | limit | samples |", "| --- | --- | ---: | --- | ---: |"];
  return [[...head, ...rows].join("\n")];
}

function settings(report: Report): string[] {
  if (report.settings.length === 0) return [];
  const rows = report.settings.map(({ name, value }) => `${plain(name)}: ${code1(value)}`);
  return [rows.join(" · ")];
}

/** Text that stays text: nothing of it becomes markup, a link or a mention. */
function plain(text: string): string {
  return printable(text.slice(0, TEXT_MAX))
    .replace(/[\\`*_{}[\]()<>#|~@&!]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/www\./gi, (found) => `${found.slice(0, 3)}\\.`);
}

/** A code span; its fence is longer than any run of backticks inside. A table's bar stays a bar. */
function code1(text: string): string {
  const shown = printable(text.slice(0, TEXT_MAX)).replaceAll("|", "\\|");
  const fence = "`".repeat(longestRun(shown) + 1);
  const pad = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function code(text: string): string {
  const shown = printable(text.slice(0, TEXT_MAX));
  const fence = "`".repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}sh\n${shown}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
