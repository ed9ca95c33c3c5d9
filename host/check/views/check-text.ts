/** The report of a check for people. Its last line is the verdict. */

import { formatDurationUs } from "../../core/duration.ts";
import { NO_PAINT, type Paint } from "../../core/paint.ts";
import { printable } from "../../core/plain-text.ts";
import { grouped, plural } from "../../core/plural.ts";
import { tupleKey } from "../../core/tuple.ts";
import { boardKind, bothWays } from "../../report/wording.ts";
import type { CheckResult, RuleResult, Verdict } from "../engine.ts";
import type { Finding } from "../rule.ts";
import { type CheckRun, replayOf, replayOfFinding } from "./check-run.ts";
import { statisticsLines } from "./statistics-text.ts";

/** Findings of one rule shown at most; the rest are counted. */
const SHOWN_PER_RULE_MAX = 3;

/** Several lines, ending in a line feed. Text from outside is escaped (plain-text.ts). */
export function checkText(rawRun: CheckRun, paint: Paint = NO_PAINT): string {
  const run = printableRun(rawRun);
  const { result } = run;
  const failed = result.rules.filter((rule) => rule.status === "fail");
  const lines = [
    headline(run),
    "",
    ...ruleTable(result.rules, paint),
    ...statisticsLines(run.statistics ?? [], paint),
    ...failed.flatMap((rule) => ["", ...ruleFindings(run, rule, paint)]),
  ];
  if (result.notes.length > 0) lines.push("", ...result.notes.map((note) => `note: ${note}`));
  lines.push("", `replay: ${replayOf(run)}`);
  const verdict = paintOf(result.verdict, paint);
  lines.push(`${verdict(verdictWord(result.verdict))}  ${verdictOf(run)}`);
  return `${lines.join("\n")}\n`;
}

/** The last line without colours. */
export function verdictLine(run: CheckRun): string {
  return `${verdictWord(run.result.verdict)}  ${verdictOf(printableRun(run))}`;
}

/** Escapes what came from outside: names, addresses, a device's own words. */
function printableRun(run: CheckRun): CheckRun {
  const { result, source } = run;
  return {
    ...run,
    source:
      source.kind === "board"
        ? source
        : { ...source, file: printable(source.file), bootMethod: printable(source.bootMethod) },
    result: {
      ...result,
      notes: result.notes.map(printable),
      findings: result.findings.map((finding) => ({
        ...finding,
        detail: printable(finding.detail),
      })),
    },
  };
}

function verdictWord(verdict: Verdict): string {
  return verdict.toUpperCase();
}

function paintOf(verdict: Verdict, paint: Paint): (text: string) => string {
  return { pass: paint.good, fail: paint.bad, inconclusive: paint.open }[verdict];
}

function headline({ result, source, seed }: CheckRun): string {
  const { counts } = result;
  if (source.kind === "board") {
    return `isnkit check: ${boardKind(source.board)} ${source.board}, ${plural(counts.boots - 1, "reboot")}, ${plural(counts.connections, "connection")}, seed ${seed ?? "none"}`;
  }
  return `isnkit check: capture ${source.file}, device ${source.device}, ${grouped(source.devicePackets)} of ${plural(source.packets, "packet")}, ${plural(counts.connections, "connection")}, ${plural(counts.boots, "boot")} (${source.bootMethod})`;
}

function ruleTable(rules: readonly RuleResult[], paint: Paint): string[] {
  const width = Math.max(...rules.map((rule) => rule.id.length), 4);
  const rows = rules.map((rule) => {
    const mark = { pass: paint.good, fail: paint.bad, open: paint.open }[rule.status];
    const status = mark(rule.status.padEnd(4));
    const judged = grouped(rule.judged).padStart(9);
    return `${rule.id.padEnd(width)}  ${status}  ${judged}  ${remark(rule)}`.trimEnd();
  });
  return [paint.faint(`${"rule".padEnd(width)}  held     judged`), ...rows];
}

function remark(rule: RuleResult): string {
  if (rule.status === "fail") return plural(rule.findings, "finding");
  if (rule.reason === undefined) return "";
  return `${rule.asked ? "not judged" : "not judged, not asked for"}: ${rule.reason}`;
}

function ruleFindings(run: CheckRun, rule: RuleResult, paint: Paint): string[] {
  const shown = run.result.findings
    .filter((finding) => finding.rule === rule.id)
    .slice(0, SHOWN_PER_RULE_MAX);
  const lines = shown.map((finding) => findingLine(finding, rule, paint));
  const more = rule.findings - shown.length;
  if (more > 0) lines.push(`  … and ${grouped(more)} more`);
  lines.push(`  remedy: ${rule.remedy}`);
  const first = shown[0];
  if (first !== undefined) lines.push(`  replay: ${replayOfFinding(run, first)}`);
  return lines;
}

function findingLine(finding: Finding, rule: RuleResult, paint: Paint): string {
  const parts = [paint.bad(finding.rule), `boot ${finding.boot}`];
  if (finding.frame !== undefined) parts.push(`frame ${finding.frame}`);
  if (finding.tuple !== undefined) parts.push(tupleKey(finding.tuple));
  const { before, after, distance, elapsedUs } = finding;
  if (before !== undefined) parts.push(`before ${bothWays(before)}`);
  if (after !== undefined) parts.push(`now ${bothWays(after)}`);
  if (distance !== undefined) parts.push(`distance ${distance > 0 ? "+" : ""}${distance}`);
  if (elapsedUs !== undefined) parts.push(`after ${formatDurationUs(elapsedUs)}`);
  return `${parts.join("  ")}  [${rule.clause}]  ${finding.detail}`;
}

function verdictOf(run: CheckRun): string {
  const { result, seed } = run;
  const tail = seed === undefined ? "" : ` (seed ${seed})`;
  const extent = extentOf(run);
  const open = result.rules.filter((rule) => rule.asked && rule.status === "open");
  if (result.verdict === "pass") {
    const held = result.rules.filter((rule) => rule.status === "pass").length;
    return `${plural(held, "rule")} ${held === 1 ? "holds" : "hold"} over ${extent}${tail}`;
  }
  if (result.verdict === "fail") {
    const ids = result.rules.filter((rule) => rule.status === "fail").map((rule) => rule.id);
    return `${ids.join(", ")}: ${plural(result.counts.findings, "finding")} over ${extent}${tail}`;
  }
  if (open.length === 0)
    return `nothing broken over ${extent}, but the samples are cut short${tail}`;
  const ids = open.map((rule) => rule.id).join(", ");
  return `nothing broken over ${extent}, but not judged: ${ids}${tail}`;
}

function extentOf({ result, source }: { result: CheckResult; source: CheckRun["source"] }): string {
  const { boots, connections } = result.counts;
  const lives = source.kind === "board" ? plural(boots - 1, "reboot") : plural(boots, "boot");
  return `${lives}, ${plural(connections, "connection")}`;
}
