/** Puts a check into the form that HTML, JUnit and Markdown are made from. */

import { formatDurationUs, parseDurationUs } from "../../core/duration.ts";
import { grouped, plural } from "../../core/plural.ts";
import type { Fact, Report, ReportFinding, ReportRule } from "../../report/report-model.ts";
import { boardKind, counted, listed, withFigure } from "../../report/wording.ts";
import type { CheckResult, RuleResult } from "../engine.ts";
import type { Finding } from "../rule.ts";
import { type CheckRun, replayOf, replayOfFinding } from "./check-run.ts";
import { findingEvidence } from "./finding-evidence.ts";
import { RULE_MEANINGS } from "./rule-meanings.ts";

export function checkReport(run: CheckRun): Report {
  const { result } = run;
  return {
    command: "check",
    verdict: result.verdict,
    subject: subjectOf(run),
    sentence: sentenceOf(run),
    figures: figuresOf(run),
    rules: result.rules.map(ruleOf),
    findings: inOrderOfRules(result).map((finding) => findingOf(run, finding)),
    findingsTotal: result.counts.findings,
    statistics: (run.statistics ?? []).map(withFigure),
    ...(run.plots === undefined ? {} : { plots: run.plots }),
    tables: [],
    settings: settingsOf(run),
    replay: replayOf(run),
    notes: result.notes,
  };
}

function subjectOf({ source }: CheckRun): string {
  if (source.kind === "capture") return `capture ${source.file}, device ${source.device}`;
  return `${boardKind(source.board)} ${source.board}`;
}

/** Says no more than what was tried. */
function sentenceOf(run: CheckRun): string {
  const { result } = run;
  const over = extentOf(run);
  const failed = result.rules.filter(({ status }) => status === "fail");
  const held = result.rules.filter(({ status }) => status === "pass").length;
  if (result.verdict === "pass") {
    return `Over ${over}, every number that the device used was safe: ${held === 1 ? "the one rule that was judged holds" : `all ${held} rules that were judged hold`}.`;
  }
  const worst = failed[0];
  if (worst !== undefined) {
    const many = failed.length === 1 ? "One rule is" : `${failed.length} rules are`;
    return `${many} broken over ${over}: ${RULE_MEANINGS[worst.id]}.`;
  }
  return `Nothing was found broken over ${over}, but ${whyOpen(run)}: this is not a pass.`;
}

function whyOpen({ result, statistics = [] }: CheckRun): string {
  const open = result.rules.filter(({ asked, status }) => asked && status === "open");
  if (open.length > 0) return `there was too little to judge ${listed(open.map(({ id }) => id))}`;
  const alarms = statistics.filter(({ verdict }) => verdict === "fail");
  if (alarms.length > 0) {
    return `${listed(alarms.map(({ id }) => id))} raised an alarm, so the numbers are weaker than chance allows`;
  }
  return "the run was cut short";
}

function extentOf({ result, source }: CheckRun): string {
  const { boots, connections } = result.counts;
  const lives = source.kind === "board" ? plural(boots - 1, "reboot") : plural(boots, "boot");
  return `${lives} and ${plural(connections, "connection")}`;
}

function figuresOf({ result, source }: CheckRun): Fact[] {
  const { counts, rules } = result;
  const judged = rules.filter(({ status }) => status !== "open").length;
  const comparisons = rules.reduce((sum, rule) => sum + rule.judged, 0);
  const lives =
    source.kind === "board"
      ? counted(counts.boots - 1, "reboot")
      : { ...counted(counts.boots, "boot seen", "boots seen"), note: source.bootMethod };
  return [
    lives,
    counted(counts.connections, "connection"),
    { name: "rules judged", value: `${judged} of ${rules.length}` },
    counted(comparisons, "comparison"),
    counted(counts.findings, "breach", "breaches"),
  ];
}

function ruleOf(rule: RuleResult): ReportRule {
  const { id, status, judged, findings, reason, holds, clause, remedy, asked } = rule;
  const why = reason === undefined || asked ? reason : `not asked for: ${reason}`;
  return {
    id,
    status,
    asked,
    holds,
    meaning: RULE_MEANINGS[id],
    tried: grouped(judged),
    findings,
    ...(why === undefined ? {} : { reason: why }),
    clause,
    remedy,
  };
}

function findingOf(run: CheckRun, finding: Finding): ReportFinding {
  const rule = run.result.rules.find(({ id }) => id === finding.rule);
  return {
    rule: finding.rule,
    severity: "fault",
    summary: finding.detail,
    details: [],
    evidence: findingEvidence(finding),
    clause: rule?.clause ?? "",
    remedy: rule?.remedy ?? "",
    commands: [{ name: "show it again", value: replayOfFinding(run, finding) }],
  };
}

function inOrderOfRules({ rules, findings }: CheckResult): Finding[] {
  return rules.flatMap(({ id }) => findings.filter(({ rule }) => rule === id));
}

function settingsOf(run: CheckRun): Fact[] {
  const { source, seed, msl, rules } = run;
  const facts: Fact[] = [];
  if (source.kind === "board") {
    facts.push({ name: "board", value: source.board });
    facts.push({ name: "reboots asked for", value: grouped(source.reboots) });
  } else {
    facts.push({ name: "capture", value: source.file });
    facts.push({ name: "device", value: source.device });
    facts.push({
      name: "packets of the device",
      value: `${grouped(source.devicePackets)} of ${grouped(source.packets)}`,
    });
    facts.push({ name: "boots were found by", value: source.bootMethod });
  }
  facts.push({ name: "seed", value: seed === undefined ? "none" : String(seed) });
  facts.push({
    name: "maximum segment lifetime",
    value: formatDurationUs(parseDurationUs(msl ?? "120s", "MSL")),
  });
  facts.push({ name: "rules", value: rules === undefined ? "all that apply" : rules.join(", ") });
  return facts;
}
