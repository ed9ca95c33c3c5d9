/** The text and JSON reports of a check. */
import { describe, expect, it } from "vitest";
import { Check, type CheckEnding, FINDINGS_PER_RULE_MAX } from "../../../../host/check/engine.ts";
import type { RuleId } from "../../../../host/check/rule.ts";
import { RULES, ruleById } from "../../../../host/check/rules/index.ts";
import { checkJson } from "../../../../host/check/views/check-json.ts";
import type { CheckRun } from "../../../../host/check/views/check-run.ts";
import { checkText } from "../../../../host/check/views/check-text.ts";
import { printable, printableJson } from "../../../../host/core/plain-text.ts";
import type { Sample } from "../../../../host/core/sample.ts";
import {
  bootAt,
  CONTEXT,
  openAt,
  SECOND_US,
  tupleTo,
  usedAt,
} from "../../../support/sample-streams.ts";

const bound = { portChoice: "bound" } as const;

function result(samples: readonly Sample[], ids: readonly RuleId[], ending: CheckEnding = {}) {
  const check = new Check({ rules: ids.map(ruleById), context: CONTEXT });
  for (const sample of samples) check.observe(sample);
  return check.finish(ending);
}

function boardRun(
  samples: readonly Sample[],
  ids: readonly RuleId[],
  ending?: CheckEnding,
): CheckRun {
  const source = { kind: "board", board: "sim:x", reboots: 20 } as const;
  return { result: result(samples, ids, ending), source, seed: 42 };
}

/** Capture a1: the same ISN again, `times` times. */
function reuse(times: number): Sample[] {
  const tuple = tupleTo(31001, "10.77.0.1", 1001);
  const samples: Sample[] = [
    bootAt(0, 0),
    openAt(0, 0, tuple, 6574, bound),
    usedAt(0, 1000, tuple, 6595),
  ];
  for (let boot = 1; boot <= times; boot++) {
    samples.push(
      bootAt(boot, boot * SECOND_US),
      openAt(boot, boot * SECOND_US + 1000, tuple, 6574, { ...bound, frame: 11 }),
    );
  }
  return samples;
}

describe("the text report", () => {
  it("gives a finding one line with rule, boot, tuple, numbers, distance, time and clause", () => {
    const text = checkText(boardRun(reuse(1), ["isn-reuse"]));
    const line = text.split("\n").find((one) => one.includes("frame 11"));
    for (const part of [
      "isn-reuse  boot 1  frame 11  10.77.0.2:31001 > 10.77.0.1:1001",
      "before 6595 (0x000019c3)",
      "now 6574 (0x000019ae)",
      "distance -21",
      "after 1 s",
      "[RFC 9293 §3.4.1, §3.4.3]",
    ]) {
      expect(line).toContain(part);
    }
    expect(text).toContain("remedy: take ISNs from a clock");
    expect(text).toContain(
      "replay: isnkit check --board sim:x --reboots 1 --seed 42 --rules isn-reuse",
    );
    expect(text).toMatch(/\nreplay: isnkit check --board sim:x --reboots 20 --seed 42\n/);
    expect(text).toMatch(
      /\nFAIL {2}isn-reuse: 1 finding over 1 reboot, 2 connections \(seed 42\)\n$/,
    );
  });

  it("shows three findings of a rule and counts the rest, of which 100 are kept", () => {
    const run = boardRun(reuse(150), ["isn-reuse"]);
    const text = checkText(run);
    expect(text.match(/^isn-reuse {2}boot/gm)).toHaveLength(3);
    expect(text).toContain("… and 147 more");
    expect(run.result.findings).toHaveLength(FINDINGS_PER_RULE_MAX);
    expect(run.result.rules[0]?.findings).toBe(150);
  });

  it("ends with PASS when every rule that was asked for holds", () => {
    const good = [
      bootAt(0, 0),
      openAt(0, 0, tupleTo(5), 10, bound),
      openAt(0, 1, tupleTo(5), 90, bound),
    ];
    const text = checkText(boardRun(good, ["isn-reuse", "isn-window"]));
    expect(text).toMatch(/\nPASS {2}2 rules hold over 0 reboots, 2 connections \(seed 42\)\n$/);
  });

  it("ends with INCONCLUSIVE and says why when a rule could not be judged", () => {
    const text = checkText(boardRun([bootAt(0, 0)], ["quiet-time"]));
    expect(text).toContain("not judged: storage was never lost");
    expect(text).toMatch(
      /\nINCONCLUSIVE {2}nothing broken .* not judged: quiet-time \(seed 42\)\n$/,
    );
  });

  it("never says PASS over samples that are cut short", () => {
    const good = [openAt(0, 0, tupleTo(5), 10, bound), openAt(0, 1, tupleTo(5), 90, bound)];
    const ending = { incomplete: true, notes: ["the capture is cut short"] };
    const text = checkText(boardRun(good, ["isn-reuse"], ending));
    expect(text).toContain("note: the capture is cut short");
    expect(text).toMatch(/\nINCONCLUSIVE {2}.*cut short/);
  });

  it("colours only through the paint that it is given", () => {
    const run = boardRun(reuse(1), ["isn-reuse"]);
    expect(checkText(run)).not.toContain("\u001b");
    const red = (text: string) => `<${text}>`;
    const paint = { good: red, bad: red, open: red, faint: red };
    expect(checkText(run, paint)).toContain("<FAIL>");
  });

  it("escapes control characters of names and of a device's words", () => {
    const samples: Sample[] = [
      {
        kind: "refused",
        boot: 0,
        timeUs: 0,
        call: "isn",
        reason: "\u001b[2Jgone\u202e",
        expected: false,
      },
    ];
    const run: CheckRun = {
      result: result(samples, ["refused"], { notes: ["a\rb"] }),
      source: {
        kind: "capture",
        file: "x\u001b]0;y\u0007.pcap",
        device: "10.77.0.2",
        bootOptions: [],
        packets: 1,
        devicePackets: 1,
        bootMethod: "none",
      },
    };
    for (const report of [checkText(run), checkJson(run)]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not occur.
      expect(report).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
    expect(checkText(run)).toContain("\\x1b[2Jgone\\u202e");
  });
});

describe("the JSON report", () => {
  it("has schema, verdict, rules, findings with replay, counts, seed and replay", () => {
    const document = JSON.parse(checkJson(boardRun(reuse(1), ["isn-reuse"])));
    expect(document).toMatchObject({
      schema: "isnkit.check/2",
      verdict: "fail",
      seed: 42,
      replay: "isnkit check --board sim:x --reboots 20 --seed 42",
      counts: { boots: 2, connections: 2, findings: 1 },
      rules: [{ id: "isn-reuse", status: "fail", judged: 1, findings: 1 }],
      notes: [],
    });
    expect(document.findings[0]).toMatchObject({
      rule: "isn-reuse",
      before: 6595,
      after: 6574,
      distance: -21,
      replay: "isnkit check --board sim:x --reboots 1 --seed 42 --rules isn-reuse",
    });
  });

  it("quotes a capture's name for the shell in the replay command", () => {
    const source = {
      kind: "capture",
      file: "it's here.pcap",
      device: "10.77.0.2",
      bootOptions: ["--boot-gap", "2s"],
      packets: 1,
      devicePackets: 1,
      bootMethod: "none",
    } as const;
    const run: CheckRun = { result: result(reuse(1), ["isn-reuse"]), source, rules: ["isn-reuse"] };
    expect(JSON.parse(checkJson(run)).replay).toBe(
      "isnkit check --capture 'it'\\''s here.pcap' --device 10.77.0.2 --boot-gap 2s --rules isn-reuse",
    );
  });
});

describe("printable text", () => {
  it("keeps letters of any script and escapes what hides", () => {
    expect(printable("Grüße 测试 🙂")).toBe("Grüße 测试 🙂");
    expect(printable("\u0000\t\u007f\u009b\u200b")).toBe("\\x00\\x09\\x7f\\x9b\\u200b");
    expect(JSON.parse(printableJson({ a: "\u009b\u2028\n" }))).toEqual({ a: "\u009b\u2028\n" });
  });
});

describe("the verdict", () => {
  it("is a failure when a rule is broken that nobody asked for", () => {
    const check = new Check({ rules: RULES, asked: ["isn-window"], context: CONTEXT });
    for (const sample of reuse(1)) check.observe(sample);
    expect(check.finish().verdict).toBe("fail");
  });

  it("does not need rules that nobody asked for", () => {
    const check = new Check({ rules: RULES, asked: ["isn-window"], context: CONTEXT });
    check.observe(openAt(0, 0, tupleTo(5), 10, bound));
    check.observe(openAt(0, 1, tupleTo(5), 90, bound));
    const { verdict, rules } = check.finish();
    expect(verdict).toBe("pass");
    expect(rules.find((rule) => rule.id === "quiet-time")).toMatchObject({
      status: "open",
      asked: false,
    });
  });
});
