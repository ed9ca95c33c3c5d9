/** Puts a simulation into the form that HTML, JUnit and Markdown are made from. */
import type { Finding } from "../../check/rule.ts";
import { findingEvidence } from "../../check/views/finding-evidence.ts";
import { RULE_MEANINGS } from "../../check/views/rule-meanings.ts";
import { formatDurationUs } from "../../core/duration.ts";
import { grouped, plural } from "../../core/plural.ts";
import type {
  Fact,
  Report,
  ReportFinding,
  ReportRule,
  ReportTable,
} from "../../report/report-model.ts";
import { settingFacts } from "../../report/setting-facts.ts";
import { counted, withFigure } from "../../report/wording.ts";
import type {
  CaseSize,
  SimulateFailure,
  SimulateRuleResult,
  SimulateRun,
} from "../simulate-run.ts";
import { simulatePlots } from "./simulate-plots.ts";

export function simulateReport(run: SimulateRun): Report {
  return {
    command: "simulate",
    verdict: run.verdict,
    subject: subjectOf(run),
    sentence: sentenceOf(run),
    figures: figuresOf(run),
    rules: run.rules.map(ruleOf),
    findings: inOrderOfRules(run).map(findingOf),
    findingsTotal: run.rules.reduce((sum, { findings }) => sum + findings, 0),
    statistics: run.statistics.map(withFigure),
    plots: simulatePlots(run),
    tables: [faultTable(run), peerTable(run), canaryTable(run)],
    settings: settingsOf(run),
    replay: run.replay,
    notes: run.notes,
  };
}

function inOrderOfRules({ rules, failures }: SimulateRun): SimulateFailure[] {
  return rules.flatMap(({ id }) => failures.filter(({ rule }) => rule === id));
}

function subjectOf({ board, mode, cases }: SimulateRun): string {
  const part =
    cases.count === cases.total ? "" : `, ${shardText(cases)} of ${plural(cases.total, "device")}`;
  return `virtual board ${board}, ${mode === "exhaustive" ? "every power cut up to a depth" : "a swarm of devices"}${part}`;
}

function shardText({ shard, first, count }: SimulateRun["cases"]): string {
  const range = `${grouped(first)} to ${grouped(first + count - 1)}`;
  return shard === undefined ? `devices ${range}` : `shard ${shard}: devices ${range}`;
}

function sentenceOf(run: SimulateRun): string {
  const { counts, rules } = run;
  const over = `${plural(counts.reboots, "simulated reboot")} of ${plural(counts.cases, "device")} and ${plural(counts.connections, "connection")}`;
  const failed = rules.filter(({ status }) => status === "fail");
  const worst = failed[0];
  if (run.verdict === "pass") {
    const held = rules.filter(({ status }) => status === "pass").length;
    return `Over ${over}, with faults, every number that a device used was safe: all ${held} rules that were judged hold.`;
  }
  if (run.verdict === "fail" && worst !== undefined) {
    const many = failed.length === 1 ? "One rule is" : `${failed.length} rules are`;
    return `${many} broken over ${over}: ${RULE_MEANINGS[worst.id]}.`;
  }
  if (run.verdict === "fail") return `The run failed over ${over}: ${run.because}`;
  const because = run.because.replace(/\.$/, "");
  return `${because.charAt(0).toUpperCase()}${because.slice(1)}: this is not a pass.`;
}

function figuresOf({ counts, rules, canaries, timing }: SimulateRun): Fact[] {
  const caught = canaries.filter(({ caught }) => caught).length;
  const findings = rules.reduce((sum, rule) => sum + rule.findings, 0);
  return [
    {
      ...counted(counts.reboots, "simulated reboot"),
      note: `${grouped(Math.round(timing.rebootsPerSecond))} a second`,
    },
    counted(counts.cases, "device"),
    {
      ...counted(counts.connections, "connection"),
      note: `${plural(counts.staleArrivals, "old segment")} arrived`,
    },
    {
      name: "device time",
      value: deviceTimeText(counts.simulatedS),
      note: `simulated in ${formatDurationUs(timing.elapsedMs * 1000)}`,
    },
    { name: "bad generators caught", value: `${caught} of ${canaries.length}` },
    counted(findings, "breach", "breaches"),
  ];
}

/** Long runs in days: nobody reads 3,140 hours. */
function deviceTimeText(seconds: number): string {
  const days = Math.round(seconds / 86_400);
  return days < 10 ? formatDurationUs(seconds * 1e6) : plural(days, "day");
}

function ruleOf(rule: SimulateRuleResult): ReportRule {
  const { id, status, tried, findings, reason, holds, clause, remedy } = rule;
  return {
    id,
    status,
    // Which rules a simulation needs is its own business; an open one is shown, never an error.
    asked: false,
    holds,
    meaning: RULE_MEANINGS[id],
    tried: grouped(tried),
    findings,
    ...(reason === undefined ? {} : { reason }),
    clause,
    remedy,
  };
}

function findingOf(failure: SimulateFailure): ReportFinding {
  const { rule, findings, clause, remedy, drawn, shrunk, story } = failure;
  const [first] = findings;
  const commands = [{ name: "show it again", value: failure.replay }];
  if (failure.replayOnBoard !== undefined) {
    commands.push({ name: "on an emulated board", value: failure.replayOnBoard });
  }
  const facts: Fact[] = [
    { name: "device", value: grouped(failure.case) },
    { name: "as it was drawn", value: sizeText(drawn) },
  ];
  if (shrunk !== undefined) facts.push({ name: "made as small as", value: sizeText(shrunk) });
  return {
    rule,
    severity: "fault",
    summary: first?.detail ?? "the rule was broken",
    details: [],
    evidence: [...facts, ...(first === undefined ? [] : findingEvidence(first as Finding))],
    clause,
    remedy,
    commands,
    story,
  };
}

function sizeText({ boots, connections, faults }: CaseSize): string {
  return `${plural(boots, "boot")}, ${plural(connections, "connection")}, ${plural(faults, "fault")}`;
}

function faultTable({ faults }: SimulateRun): ReportTable {
  return {
    title: "Faults",
    columns: ["Fault", "Rate a boot", "Happened", "Devices"],
    rows: faults.map(({ kind, rate, injected, cases }) => [
      kind,
      rate === 0 ? "off" : String(Number(rate.toPrecision(3))),
      grouped(injected),
      grouped(cases),
    ]),
    more: 0,
  };
}

function peerTable({ peers }: SimulateRun): ReportTable {
  return {
    title: "Servers",
    columns: ["Server", "First SYNs", "SYN-ACKs", "Refused anyway", "Server's state at the SYN"],
    rows: peers.map(({ peer, syns, synAcks, refusedByNature, states }) => [
      peer,
      grouped(syns),
      grouped(synAcks),
      grouped(refusedByNature),
      Object.entries(states)
        .map(([state, count]) => `${state}\u00a0${grouped(count)}`)
        .join(", "),
    ]),
    more: 0,
  };
}

function canaryTable({ canaries }: SimulateRun): ReportTable {
  return {
    title: "Known-bad generators that had to be caught",
    short: "Canaries",
    columns: ["Generator", "Who does this", "Caught by", "Result"],
    rows: canaries.map(({ generator, field, failed, caught, cases }) => [
      generator,
      field,
      failed.join(", "),
      caught ? `caught within ${plural(cases, "device")}` : "not caught",
    ]),
    more: 0,
  };
}

function settingsOf(run: SimulateRun): Fact[] {
  const { isnkit, settings, settingsHash, seed, cases, timing, mode, board } = run;
  return [
    { name: "board", value: board },
    { name: "mode", value: mode },
    { name: "seed", value: String(seed) },
    { name: "devices", value: `${shardText(cases)} of ${grouped(cases.total)}` },
    { name: "isnkit", value: isnkit.version },
    { name: "module (SHA-256)", value: isnkit.module },
    { name: "settings (SHA-256)", value: settingsHash },
    { name: "workers", value: String(timing.workers) },
    { name: "started", value: timing.startedAt },
    ...settingFacts({ ...settings }),
  ];
}
