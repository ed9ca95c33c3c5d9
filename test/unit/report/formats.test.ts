/** JUnit and Markdown: what other programs read has to be well formed, whatever the run brings. */
import { describe, expect, it } from "vitest";
import { reportJunit } from "../../../host/report/report-junit.ts";
import { MARKDOWN_BYTES_MAX, reportMarkdown } from "../../../host/report/report-markdown.ts";
import type { Report, ReportFinding, ReportRule } from "../../../host/report/report-model.ts";
import { hostile } from "../../support/hostile-report.ts";

function rule(id: string, more: Partial<ReportRule> = {}): ReportRule {
  const text = { holds: "it holds", meaning: "it means", clause: "RFC 9293", remedy: "mend it" };
  return { id, status: "pass", asked: true, tried: "12", findings: 0, ...text, ...more };
}

function finding(ruleId: string, summary: string): ReportFinding {
  return {
    rule: ruleId,
    severity: "fault",
    summary,
    details: [],
    evidence: [{ name: "boot", value: "3" }],
    clause: "RFC 9293",
    remedy: "mend it",
    commands: [{ name: "show it again", value: "isnkit check --seed 1" }],
  };
}

function report(more: Partial<Report> = {}): Report {
  return {
    command: "check",
    verdict: "pass",
    subject: "virtual board sim",
    sentence: "All is well.",
    figures: [{ name: "reboots", value: "1,000" }],
    rules: [rule("isn-reuse"), rule("wear")],
    findings: [],
    findingsTotal: 0,
    statistics: [],
    tables: [],
    settings: [{ name: "seed", value: "1" }],
    replay: "isnkit check --seed 1",
    notes: [],
    ...more,
  };
}

const FAILED = report({
  verdict: "fail",
  rules: [
    rule("isn-reuse", { status: "fail", findings: 30 }),
    rule("quiet-time", { status: "open", reason: "storage was never lost" }),
    rule("wear", { status: "open", asked: false, reason: "no memory" }),
    rule("refused"),
  ],
  findings: Array.from({ length: 30 }, (_, i) => finding("isn-reuse", `ISN ${i} was used before`)),
});

/** Elements of the XML, with their attributes: a small strict reader, so that nothing is guessed. */
function elements(xml: string) {
  const found: { name: string; attributes: Record<string, string>; depth: number }[] = [];
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  const token = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let match = token.exec(body); match !== null; match = token.exec(body)) {
    at = token.lastIndex;
    const [, closing, name = "", attributes = "", empty, text] = match;
    if (text !== undefined) expect(text.replace(/&#\d+;/g, "")).not.toContain("&");
    else if (closing) expect(open.pop()).toBe(name);
    else {
      const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [
        key,
        value,
      ]);
      found.push({ name, attributes: Object.fromEntries(pairs), depth: open.length });
      if (!empty) open.push(name);
    }
  }
  expect(body.slice(at).trim()).toBe("");
  expect(open).toEqual([]);
  return found;
}

describe("JUnit", () => {
  it("has one test case a rule, and counts that agree", () => {
    const all = elements(reportJunit(FAILED));
    const suite = all.find(({ name }) => name === "testsuite");
    expect(suite?.attributes).toMatchObject({
      tests: "4",
      failures: "1",
      errors: "1",
      skipped: "1",
    });
    const cases = all.filter(({ name }) => name === "testcase");
    expect(cases.map(({ attributes }) => attributes.name)).toEqual([
      "isn-reuse",
      "quiet-time",
      "wear",
      "refused",
    ]);
    for (const { attributes } of cases) expect(attributes.classname).toBe("isnkit.check");
    const count = (name: string) => all.filter((one) => one.name === name).length;
    expect([count("failure"), count("error"), count("skipped")]).toEqual([1, 1, 1]);
  });

  it("writes a failure's evidence, and counts what it leaves out", () => {
    const xml = reportJunit(FAILED);
    expect(xml).toContain("ISN 19 was used before");
    expect(xml).not.toContain("ISN 20 was used before");
    expect(xml).toContain("… and 10 more");
    expect(xml).toContain("show it again: isnkit check --seed 1");
  });

  it("is never green for a run without a verdict of its rules", () => {
    const cut = report({ verdict: "inconclusive", sentence: "It was cut short." });
    const all = elements(reportJunit(cut));
    expect(all.find(({ name }) => name === "testsuites")?.attributes.errors).toBe("1");
    expect(all.find(({ name }) => name === "error")?.attributes.message).toBe("It was cut short.");
  });

  it("stays XML 1.0 with whatever a device says", () => {
    const spoiled = hostile(FAILED);
    const withControls = {
      ...spoiled,
      notes: ["\u0000\u0008\u001b[2J\ufffe\uffff\ud800 ]]> &amp; <b>"],
    };
    const xml = reportJunit(withControls);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not occur.
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/);
    elements(xml);
  });
});

describe("the summary in Markdown", () => {
  it("says verdict, figures, failures and the line that replays them", () => {
    const text = reportMarkdown(FAILED);
    expect(text).toMatch(/^## ❌ isnkit check: fail\n/);
    expect(text).toContain("… and 27 more");
    expect(text).toContain("```sh\nisnkit check --seed 1\n```");
    expect(text).toContain("| ➖ | `quiet-time` | 12 | 0 | storage was never lost |");
  });

  it("lets no text of a run become markup, a link or a mention", () => {
    const evil = "<img src=x> [a](http://b) **c** @org/team | x `y` www.z.example #1";
    const text = reportMarkdown(report({ sentence: evil, notes: [evil], subject: evil }));
    expect(text).toContain(
      "\\<img src=x\\> \\[a\\]\\(http\\://b\\) \\*\\*c\\*\\* \\@org/team \\| x \\`y\\` www\\.z.example \\#1",
    );
    const fenced = reportMarkdown(report({ replay: "a ``` b\n# c" }));
    expect(fenced).toContain("````sh\na ``` b\\x0a# c\n````");
  });

  it("stays below GitHub's 1 MiB, and says so where it is cut", () => {
    const rules = Array.from({ length: 2000 }, (_, i) =>
      rule(`rule-${i}`, { status: "fail", findings: 3 }),
    );
    const findings = rules.flatMap(({ id }) => [finding(id, "é".repeat(1900)), finding(id, "b")]);
    const text = reportMarkdown(report({ verdict: "fail", rules, findings }));
    expect(Buffer.byteLength(text)).toBeLessThan(MARKDOWN_BYTES_MAX + 1000);
    expect(text).toMatch(/Cut short: the HTML or JSON report has the rest\._\n$/);
  });
});
