/** The report of a simulation for people: the verdict first, then what it rests on. */

import type { Finding } from "../../check/rule.ts";
import { statisticsLines } from "../../check/views/statistics-text.ts";
import { formatDurationUs } from "../../core/duration.ts";
import { NO_PAINT, type Paint } from "../../core/paint.ts";
import { printable } from "../../core/plain-text.ts";
import { grouped, plural } from "../../core/plural.ts";
import { tupleKey } from "../../core/tuple.ts";
import type { SimulateFailure, SimulateRuleResult, SimulateRun } from "../simulate-run.ts";

/** Several lines, ending in a line feed. */
export function simulateText(raw: SimulateRun, paint: Paint = NO_PAINT): string {
  const run = printableRun(raw);
  const lines = [
    verdictLine(run, paint),
    headline(run),
    "",
    ...ruleTable(run.rules, paint),
    "",
    ...struckLines(run, paint),
    ...peerLines(run),
    ...canaryLines(run, paint),
    ...statisticsLines(run.statistics, paint),
    ...firstOfEachRule(run).flatMap((failure) => [
      "",
      ...failureLines(failure, paint),
      ...otherCases(run, failure),
    ]),
    ...(run.notes.length > 0 ? ["", ...run.notes.map((note) => `note: ${note}`)] : []),
    "",
    speedLine(run),
    `replay: ${run.replay}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Escapes what may come from outside: names of files on the command line, documents that were read. */
function printableRun(run: SimulateRun): SimulateRun {
  return JSON.parse(JSON.stringify(run), (_key, value) =>
    typeof value === "string" ? printable(value) : value,
  );
}

/** `PASS  17 rules hold over 10,000 reboots …`. */
export function verdictLine(run: SimulateRun, paint: Paint = NO_PAINT): string {
  const color = { pass: paint.good, fail: paint.bad, inconclusive: paint.open }[run.verdict];
  return `${color(run.verdict.toUpperCase())}  ${run.because} (seed ${run.seed})`;
}

function headline({ board, mode, cases, isnkit, counts }: SimulateRun): string {
  const part =
    cases.shard === undefined
      ? ""
      : `, shard ${cases.shard} (cases ${cases.first} to ${cases.first + cases.count - 1} of ${cases.total})`;
  const days = counts.simulatedS / 86_400;
  const time = days >= 1 ? `${grouped(Math.round(days))} days` : `${counts.simulatedS} s`;
  const lived = mode === "swarm" ? `${time} of device time, ` : "";
  return `isnkit ${isnkit.version} simulate ${board}, ${mode}, module ${isnkit.module}${part}: ${lived}${plural(counts.powerOns, "power-on")}`;
}

function ruleTable(rules: readonly SimulateRuleResult[], paint: Paint): string[] {
  const width = Math.max(4, ...rules.map((rule) => rule.id.length));
  const rows = rules.map((rule) => {
    const mark = { pass: paint.good, fail: paint.bad, open: paint.open }[rule.status];
    const tried = grouped(rule.tried).padStart(13);
    const broken = grouped(rule.findings).padStart(8);
    const remark = rule.reason === undefined ? "" : `  not judged: ${rule.reason}`;
    return `${rule.id.padEnd(width)}  ${mark(rule.status.padEnd(4))}${tried}${broken}${remark}`;
  });
  const head = `${"rule".padEnd(width)}  held        tried  broken`;
  return [paint.faint(head), ...rows];
}

/** Evidence that each fault really happened. */
function struckLines(run: SimulateRun, paint: Paint): string[] {
  if (run.mode === "exhaustive") {
    const cuts = run.faults.filter(({ injected }) => injected > 0);
    return cuts.map(({ kind, injected }) => `power cut, ${kind}: ${plural(injected, "time")}`);
  }
  const struck = run.faults.filter(({ rate }) => rate > 0);
  const width = Math.max(...run.faults.map(({ kind }) => kind.length));
  const rows = struck.map(({ kind, injected, cases }) => {
    const count = grouped(injected).padStart(13);
    const text = `${kind.padEnd(width)}      ${count}  in ${plural(cases, "case")}`;
    return injected === 0 ? paint.open(`${text}: asked for, and never struck`) : text;
  });
  const head = paint.faint(`${"fault".padEnd(width)}            struck`);
  const late = `late segments that reached a new connection: ${grouped(run.counts.staleArrivals)}`;
  const refusals = `refusals: ${grouped(run.counts.refusals)}, of them ${grouped(run.counts.refusalsDue)} that the scenario called for`;
  return [...(rows.length > 0 ? [head, ...rows] : []), late, refusals];
}

function peerLines({ peers }: SimulateRun): string[] {
  return peers.map(({ peer, syns, synAcks, refusedByNature, states }) => {
    const held = Object.entries(states)
      .filter(([state]) => state !== "CLOSED")
      .map(([state, count]) => `${grouped(count)} in ${state}`);
    const hit = held.length === 0 ? "" : `; met ${held.join(", ")}`;
    const nature =
      refusedByNature === 0 ? "" : `, ${grouped(refusedByNature)} refused whatever the number`;
    return `server ${peer}: ${grouped(synAcks)} of ${plural(syns, "first SYN")} answered by SYN-ACK${nature}${hit}`;
  });
}

function canaryLines({ canaries }: SimulateRun, paint: Paint): string[] {
  return canaries.map(({ generator, caught, expected, failed, reboots }) =>
    caught
      ? `canary ${generator}: caught by ${expected.join(", ")} within ${plural(reboots, "reboot")}`
      : paint.bad(
          `canary ${generator}: NOT caught by ${expected.filter((id) => !failed.includes(id)).join(", ")} within ${plural(reboots, "reboot")}`,
        ),
  );
}

/** One failure of each rule is told whole; the document has more of them. */
function firstOfEachRule({ failures }: SimulateRun): SimulateFailure[] {
  return failures.filter(
    ({ rule }, at) => failures.findIndex((other) => other.rule === rule) === at,
  );
}

/** Where else the rule was broken: the next cases with their lines, how many there are in all. */
function otherCases({ failures, rules }: SimulateRun, shown: SimulateFailure): string[] {
  const failed = rules.find(({ id }) => id === shown.rule)?.casesFailed ?? 0;
  if (failed < 2) return [];
  const others = failures.filter((one) => one.rule === shown.rule && one !== shown);
  return [
    `  broken in ${plural(failed, "case")}${others.length > 0 ? "; the next:" : ""}`,
    ...others.map(({ replay }) => `  replay: ${replay}`),
  ];
}

function failureLines(failure: SimulateFailure, paint: Paint): string[] {
  const { rule, clause, remedy, drawn, shrunk, findings, story, replay } = failure;
  const size = ({ boots, connections, faults }: typeof drawn) =>
    `${plural(boots, "boot")}, ${plural(connections, "connection")}, ${plural(faults, "fault")}`;
  const smaller = shrunk === undefined ? "" : `; made small: ${size(shrunk)}`;
  return [
    `${paint.bad(rule)}  case ${failure.case}${drawn.boots > 0 ? `, drawn with ${size(drawn)}` : ""}${smaller}  [${clause}]`,
    ...findings.slice(0, 2).map((finding) => `  ${findingText(finding)}`),
    ...story.map((line) => paint.faint(`  ${line}`)),
    `  remedy: ${remedy}`,
    `  replay: ${replay}`,
    ...(failure.replayOnBoard === undefined ? [] : [`  on a board: ${failure.replayOnBoard}`]),
  ];
}

function findingText({ boot, tuple, before, after, distance, elapsedUs, detail }: Finding): string {
  const parts = [`boot ${boot}`];
  if (tuple !== undefined) parts.push(tupleKey(tuple));
  if (before !== undefined) parts.push(`before ${before}`);
  if (after !== undefined) parts.push(`now ${after}`);
  if (distance !== undefined) parts.push(`distance ${distance > 0 ? "+" : ""}${distance}`);
  if (elapsedUs !== undefined) parts.push(`after ${formatDurationUs(elapsedUs)}`);
  return `${parts.join("  ")}: ${detail}`;
}

function speedLine({ timing }: SimulateRun): string {
  const { rebootsPerSecond, workers, elapsedMs } = timing;
  return `${plural(rebootsPerSecond, "reboot")} a second on ${plural(workers, "thread")}, ${(elapsedMs / 1000).toFixed(1)} s in all`;
}
