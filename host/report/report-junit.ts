/**
 * The report as JUnit XML, as CI systems read it: one test case a rule. A broken rule is a failure; a
 * rule that was asked for and could not be judged is an error, so that it never looks like a pass.
 */
import { printable } from "../core/plain-text.ts";
import type { Report, ReportFinding, ReportRule } from "./report-model.ts";

/** Findings written out in a test case; the rest is counted. */
const SHOWN_PER_RULE_MAX = 20;

export function reportJunit(report: Report): string {
  const cases = report.rules.map((rule) => caseOf(rule, report));
  if (needsRunCase(report)) cases.push(runCase(report));
  const count = (kind: Case["kind"]) => String(cases.filter((one) => one.kind === kind).length);
  const counts = {
    tests: String(cases.length),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
  };
  const name = `isnkit ${report.command}`;
  const properties = report.settings.map(
    ({ name, value }) => `      <property${attributes({ name, value })}/>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...counts })}>`,
    `  <testsuite${attributes({ name: report.subject, ...counts })}>`,
    "    <properties>",
    ...properties,
    "    </properties>",
    ...cases.flatMap(({ lines }) => lines),
    `    <system-out>${xmlText(closingText(report))}</system-out>`,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

interface Case {
  readonly kind: "pass" | "failure" | "error" | "skipped";
  readonly lines: readonly string[];
}

function caseOf(rule: ReportRule, report: Report): Case {
  const open = `    <testcase${attributes({ name: rule.id, classname: `isnkit.${report.command}` })}`;
  if (rule.status === "fail") {
    const findings = report.findings.filter(
      (finding) => finding.rule === rule.id && finding.severity === "fault",
    );
    const message = findings[0]?.summary ?? rule.meaning;
    const body = failureText(rule, findings);
    return filled("failure", open, { message, type: rule.id }, body);
  }
  if (rule.status === "open") {
    const message = rule.reason ?? "not judged";
    if (!rule.asked) return filled("skipped", open, { message });
    return filled("error", open, { message, type: "inconclusive" }, message);
  }
  return { kind: "pass", lines: [`${open}/>`] };
}

function filled(
  kind: "failure" | "error" | "skipped",
  open: string,
  facts: Readonly<Record<string, string>>,
  body?: string,
): Case {
  const start = `      <${kind}${attributes(facts)}`;
  const element = body === undefined ? `${start}/>` : `${start}>${xmlText(body)}</${kind}>`;
  return { kind, lines: [`${open}>`, element, "    </testcase>"] };
}

/** A verdict that no rule accounts for: a run that was cut short, say. */
function needsRunCase({ verdict, rules }: Report): boolean {
  if (verdict === "fail") return !rules.some(({ status }) => status === "fail");
  return (
    verdict === "inconclusive" && !rules.some(({ asked, status }) => asked && status === "open")
  );
}

function runCase(report: Report): Case {
  const open = `    <testcase${attributes({ name: "the whole run", classname: `isnkit.${report.command}` })}`;
  const message = report.sentence;
  if (report.verdict === "fail") {
    const texts = report.findings.slice(0, SHOWN_PER_RULE_MAX).map(findingText);
    return filled("failure", open, { message, type: "run" }, [message, ...texts].join("\n\n"));
  }
  return filled("error", open, { message, type: "inconclusive" }, message);
}

function failureText(rule: ReportRule, findings: readonly ReportFinding[]): string {
  const shown = findings.slice(0, SHOWN_PER_RULE_MAX);
  const more = rule.findings - shown.length;
  return [
    `${rule.holds} [${rule.clause}]`,
    ...shown.map(findingText),
    ...(more > 0 ? [`… and ${more} more`] : []),
    `remedy: ${rule.remedy}`,
  ].join("\n\n");
}

function findingText({ summary, details, evidence, commands }: ReportFinding): string {
  return [
    summary,
    ...details,
    ...evidence.map(({ name, value }) => `  ${name}: ${value}`),
    ...commands.map(({ name, value }) => `  ${name}: ${value}`),
  ].join("\n");
}

function closingText({ verdict, sentence, replay, notes }: Report): string {
  const lines = [`${verdict.toUpperCase()}: ${sentence}`];
  if (replay !== undefined) lines.push(`replay: ${replay}`);
  return [...lines, ...notes.map((note) => `note: ${note}`)].join("\n");
}

function attributes(facts: Readonly<Record<string, string>>): string {
  return Object.entries(facts)
    .map(([name, value]) => ` ${name}="${xmlText(value)}"`)
    .join("");
}

/** XML 1.0 §2.2 forbids most control characters even as references: they become visible escapes. */
function xmlText(text: string): string {
  const visible = text.split("\n").map(printable).join("\n");
  return visible
    .replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
