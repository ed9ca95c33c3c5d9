// @ts-check
/** Verdict, rules and findings. */
import { button, el, factList, section, table } from "./elements.js";
import { grouped, quantity } from "./quantities.js";

/** @typedef {import("../report-model.ts").Report} Report */
/** @typedef {import("../report-model.ts").ReportFinding} ReportFinding */
/** @typedef {import("../report-model.ts").ReportRule} ReportRule */

const VERDICTS = {
  pass: { word: "Pass", sign: "✓" },
  fail: { word: "Fail", sign: "✕" },
  inconclusive: { word: "Inconclusive", sign: "?" },
};

const STATES = {
  pass: { word: "holds", sign: "✓" },
  fail: { word: "broken", sign: "✕" },
  open: { word: "not judged", sign: "–" },
  info: { word: "seen", sign: "i" },
};
/** A diagnosis of a capture is no rule: it is found in the packets, or it is not. */
const CAPTURE_WORDS = { pass: "not found", fail: "found", open: "not judged", info: "seen" };

/** @param {Report} report */
export function verdictSection(report) {
  const { word, sign } = VERDICTS[report.verdict];
  return el(
    "section",
    {
      id: "verdict",
      class: `verdict ${report.verdict}`,
      "aria-labelledby": "verdict-title",
      tabindex: "-1",
    },
    el(
      "div",
      { class: "hero" },
      el("span", { class: "sign", "aria-hidden": "true" }, sign),
      el(
        "div",
        {},
        el("p", { class: "word" }, word),
        el("h1", { id: "verdict-title" }, report.sentence),
        el("p", { class: "subject" }, report.subject),
      ),
    ),
    figuresList(report.figures),
  );
}

/** @param {Report["figures"]} figures */
function figuresList(figures) {
  const tiles = figures.map(({ name, value, note }) => {
    const small = note ? [el("small", {}, note)] : [];
    return el("div", {}, el("dt", {}, name, ...small), el("dd", {}, value));
  });
  return el("dl", { class: "figures" }, ...tiles);
}

/** @param {keyof typeof STATES} status @param {string} [word] */
export function statusMark(status, word = STATES[status].word) {
  const { sign } = STATES[status];
  return el(
    "span",
    { class: `status ${status}` },
    el("span", { class: "dot", "aria-hidden": "true" }, sign),
    word,
  );
}

/** @param {Report} report */
export function rulesSection({ rules, command }) {
  const isCapture = command === "analyze";
  const rows = rules.map((rule) => [
    statusMark(rule.status, isCapture ? CAPTURE_WORDS[rule.status] : undefined),
    el("code", { class: "whole" }, rule.id),
    ruleText(rule, isCapture),
    rule.tried,
    rule.findings > 0 ? grouped(rule.findings) : "none",
  ]);
  return section(
    "rules",
    isCapture ? "What was looked for" : "Rules: what was tried and found",
    isCapture
      ? "Each diagnosis that was run over the capture."
      : "A rule that had too little evidence counts neither for nor against the device.",
    table(
      "rules",
      ["", "Rule", isCapture ? "It says that" : "Holds when", "Compared", "Findings"],
      rows,
    ),
  );
}

/** @param {ReportRule} rule @param {boolean} isCapture */
function ruleText(rule, isCapture) {
  const parts = [el("p", {}, rule.holds)];
  if (rule.status === "fail" && !isCapture)
    parts.push(el("p", { class: "broken" }, `Broken: ${rule.meaning}.`));
  if (rule.reason) parts.push(el("p", { class: "faint" }, `Not judged: ${rule.reason}.`));
  parts.push(el("p", { class: "faint" }, rule.clause));
  return el("div", {}, ...parts);
}

/** @param {Report} report */
export function findingsSection(report) {
  const title = report.command === "analyze" ? "Causes" : "Failures";
  const ids = [...new Set(report.findings.map(({ rule }) => rule))];
  if (ids.length === 0) {
    const text =
      report.verdict === "inconclusive"
        ? "Nothing was found, but there was too little evidence for a pass."
        : "No failures. Nothing that was tried broke a rule.";
    return section("failures", title, "", el("p", { class: "empty" }, text));
  }
  const groups = ids.map((id) =>
    findingGroup(
      report.rules.find((rule) => rule.id === id),
      report.findings.filter(({ rule }) => rule === id),
    ),
  );
  return section("failures", title, leadOf(report), ...groups);
}

/** @param {Report} report */
function leadOf({ command, findings, findingsTotal }) {
  if (command === "analyze")
    return "What explains the capture, causes before what follows from them.";
  const kept = findings.length < findingsTotal ? `; the first ${findings.length} are listed` : "";
  return `${quantity(findingsTotal, "breach").replace("breachs", "breaches")} in all${kept}.`;
}

/**
 * @param {ReportRule | undefined} rule
 * @param {readonly ReportFinding[]} findings of that rule, at least one
 */
function findingGroup(rule, findings) {
  const [first, ...more] = findings;
  if (first === undefined) return el("div", {});
  const parts = [
    el(
      "header",
      { "data-filter-heading": "" },
      el("h3", {}, statusMarkOf(first), el("code", {}, first.rule)),
      el("span", { class: "count" }, quantity(rule?.findings ?? findings.length, "finding")),
    ),
  ];
  if (rule?.status === "fail") parts.push(el("p", { class: "meaning" }, sentence(rule.meaning)));
  parts.push(findingCard(first));
  parts.push(
    el(
      "p",
      { class: "remedy" },
      el("strong", {}, "What to do "),
      `${sentence(first.remedy)} `,
      el("span", { class: "faint" }, `[${first.clause}]`),
    ),
  );
  if (more.length > 0) parts.push(furtherFindings(more));
  return el("article", { class: `group ${first.severity}`, "data-filter-group": "" }, ...parts);
}

/** @param {ReportFinding} finding */
function statusMarkOf({ severity }) {
  const words = { fault: "fault", information: "to know", harmless: "harmless" };
  const signs = { fault: "✕", information: "i", harmless: "✓" };
  const kinds = { fault: "fail", information: "info", harmless: "pass" };
  return el(
    "span",
    { class: `status ${kinds[severity]}` },
    el("span", { class: "dot", "aria-hidden": "true" }, signs[severity]),
    words[severity],
  );
}

/** @param {ReportFinding} finding */
function findingCard(finding) {
  return el(
    "div",
    { class: "finding", "data-filter": "" },
    el("p", { class: "summary" }, sentence(finding.summary)),
    ...finding.details.map((text) => el("p", {}, text)),
    factList(finding.evidence, "evidence"),
    ...storyOf(finding),
    ...finding.commands.map(({ name, value }) => commandLine(name, value)),
  );
}

/** @param {ReportFinding} finding */
function storyOf({ story }) {
  if (story === undefined || story.length === 0) return [];
  return [
    el(
      "details",
      {},
      el("summary", {}, "What happened, step by step"),
      el("ol", { class: "story" }, ...story.map((line) => el("li", {}, line))),
    ),
  ];
}

/** @param {readonly ReportFinding[]} findings */
function furtherFindings(findings) {
  return el(
    "details",
    {},
    el("summary", {}, `${quantity(findings.length, "more finding")} of this kind`),
    ...findings.map((finding) => findingCard(finding)),
  );
}

/** A command with a button that copies it. @param {string} name @param {string} command */
export function commandLine(name, command) {
  const text = el("code", {}, command);
  const copy = button({ class: "copy", "aria-label": `Copy: ${name}` }, "Copy", (pressed) => {
    copyText(command, text).then((done) => {
      pressed.textContent = done ? "Copied" : "Selected";
      setTimeout(() => {
        pressed.textContent = "Copy";
      }, 2000);
    });
  });
  return el(
    "div",
    { class: "command" },
    el("span", { class: "name" }, name),
    el("pre", { tabindex: "0" }, text),
    copy,
  );
}

/** Where the clipboard is closed the text is selected instead. @param {string} text @param {Element} shown */
async function copyText(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shown);
    return false;
  }
}

/** With a capital and a full stop. @param {string} text */
function sentence(text) {
  return /[.!?…]$/.test(text) ? capital(text) : `${capital(text)}.`;
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
