// @ts-check
/** Puts the page together from the report's data. */
import { activitySection } from "./activity.js";
import { button, el, section, table } from "./elements.js";
import { findingsSection, rulesSection, statusMark, verdictSection } from "./findings.js";
import { filterBox, watchRows } from "./keyboard.js";
import { phaseSection } from "./phase-space.js";
import { portsSection } from "./port-ring.js";
import { grouped, percent } from "./quantities.js";
import { settingsSection } from "./settings.js";
import { preparePrint, themeButton } from "./theme.js";
import { timelineSection } from "./timeline.js";
import { wearSection } from "./wear.js";

/** @typedef {import("../report-model.ts").Report} Report */
/** @typedef {import("../report-model.ts").ReportStatistic} Statistic */
/** @typedef {import("../report-model.ts").ReportTable} ReportTable */

function main() {
  const source = document.getElementById("report")?.textContent ?? "{}";
  /** @type {{report: Report, made: string}} */
  const { report, made } = JSON.parse(source);
  const sections = sectionsOf(report);
  document.body.append(
    header(report),
    navigation(sections, report),
    el("main", {}, ...sections),
    el("footer", {}, el("p", {}, made)),
  );
  watchRows();
  preparePrint();
}

/** @param {Report} report */
function sectionsOf(report) {
  const { command, plots } = report;
  const isCapture = command === "analyze";
  const findings = findingsSection(report);
  const rules = rulesSection(report);
  const sections = [verdictSection(report), ...(isCapture ? [findings, rules] : [rules, findings])];
  if (plots !== undefined) {
    const of = plots.of === undefined ? "" : ` (${plots.of})`;
    if (plots.activity !== undefined) sections.push(activitySection(plots.activity));
    sections.push(
      timelineSection(plots.views, of),
      phaseSection(plots.phase),
      portsSection(plots.ports),
    );
    if (!isCapture) sections.push(wearSection(plots.wear));
  }
  if (!isCapture) sections.push(statisticsSection(report.statistics));
  report.tables.forEach((one, i) => {
    sections.push(tableSection(one, i));
  });
  sections.push(settingsSection(report));
  return sections;
}

/** @param {Report} report */
function header({ command }) {
  const print = button({ class: "quiet" }, "Print", () => window.print());
  return el(
    "header",
    { class: "top" },
    el("p", { class: "brand" }, el("strong", {}, "isnkit"), ` ${command} report`),
    el("div", { class: "tools" }, print, themeButton()),
  );
}

/** @type {Readonly<Record<string, string>>} */
const SHORT_NAMES = {
  rules: "Rules",
  failures: "Failures",
  activity: "Over time",
  timeline: "Sequence numbers",
  phase: "Predictability",
  ports: "Ports",
  wear: "Wear",
  statistics: "Statistics",
  settings: "Settings",
};

/** @param {readonly HTMLElement[]} sections @param {Report} report */
function navigation(sections, { command }) {
  const links = sections.slice(1).map(({ id, dataset, firstElementChild }) => {
    const isCauses = command === "analyze" && id === "failures";
    const name = isCauses
      ? "Causes"
      : (SHORT_NAMES[id] ?? dataset.short ?? firstElementChild?.textContent ?? id);
    return el("li", {}, el("a", { href: `#${id}` }, name));
  });
  return el("nav", { "aria-label": "Sections" }, el("ul", {}, ...links), filterBox());
}

/** @param {readonly Statistic[]} statistics */
function statisticsSection(statistics) {
  if (statistics.length === 0) {
    return section(
      "statistics",
      "Statistics",
      "",
      el("p", { class: "empty" }, "This run computed no statistics."),
    );
  }
  const rows = statistics.map((one) => [
    statusMark(one.verdict),
    el(
      "div",
      {},
      el("p", {}, one.name),
      el("p", { class: "faint" }, one.explanation),
      ...(one.source ? [el("p", { class: "faint" }, one.source)] : []),
    ),
    one.figure,
    one.limit,
    grouped(one.sampleSize),
    one.falseAlarmRate === undefined ? "" : rate(one.falseAlarmRate),
  ]);
  return section(
    "statistics",
    "Statistics",
    "Each figure with its limit, how many samples it stands on, and how often a good device would exceed the limit by chance.",
    table("statistics", ["", "Figure", "Value", "Limit", "Samples", "False alarms"], rows),
  );
}

/** @param {number} share */
function rate(share) {
  return share < 1e-4 && share > 0 ? `1 in ${grouped(Math.round(1 / share))}` : percent(share, 1);
}

/** @param {ReportTable} one @param {number} index */
function tableSection({ title, short = title, columns, rows, more }, index) {
  const parts =
    rows.length === 0 ? [el("p", { class: "empty" }, "None.")] : [table(title, columns, rows)];
  if (more > 0) parts.push(el("p", { class: "faint" }, `${grouped(more)} more are not listed.`));
  const made = section(`table-${index + 1}`, title, "", ...parts);
  made.dataset.short = short;
  return made;
}

main();
