/** `isnkit check` on the virtual board, in this process: the honest module, and what is not. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Terminal } from "../../../host/cli/terminal.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { isnkit } from "../../support/command.ts";

function check(args: readonly string[], more: Partial<Terminal> = {}) {
  return isnkit(["check", ...args], more);
}

interface Report {
  readonly verdict: string;
  readonly seed: number;
  readonly replay: string;
  readonly counts: { readonly boots: number };
  readonly rules: readonly { readonly id: string; readonly status: string }[];
  readonly findings: readonly {
    readonly rule: string;
    readonly boot: number;
    readonly replay: string;
  }[];
}

function report(out: string): Report {
  return JSON.parse(out);
}

describe("the virtual board", () => {
  it("passes every rule over 1000 reboots, and the printed seed replays the run", async () => {
    const first = await check(["--board", "sim", "--reboots", "1000", "--format", "json"]);
    expect(first.err).toBe("");
    const document = report(first.out);
    expect(document.findings, document.replay).toEqual([]);
    expect(document.rules.filter((rule) => rule.status !== "pass")).toEqual([]);
    expect(document).toMatchObject({ verdict: "pass", counts: { boots: 1001 } });
    expect(first.exitCode).toBe(0);
    const words = document.replay.split(" ").slice(2);
    expect((await check([...words, "--format", "json"])).out).toBe(first.out);
  });

  it("prints what the README shows", async () => {
    const { out } = await check(["--board", "sim", "--reboots", "1000", "--seed", "42"]);
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
    expect(readme).toContain(`\n\`\`\`\n${out}\`\`\`\n`);
  });

  it.each(ZOO.map((member) => [member.name, member.rules] as const))(
    "fails sim:%s under %j, and the replay of the finding shows it again",
    async (name, rules) => {
      const board = `sim:${name}`;
      const first = await check(["--board", board, "--reboots", "1000", "--format", "json"]);
      const document = report(first.out);
      const failed = document.rules.filter((rule) => rule.status === "fail");
      expect(first.exitCode, document.replay).toBe(1);
      expect(
        failed.map((rule) => rule.id),
        document.replay,
      ).toContain(rules[0]);
      const finding = document.findings.find((one) => one.rule === rules[0]);
      const replay = finding?.replay.split(" ").slice(2) ?? [];
      const again = report((await check([...replay, "--format", "json"])).out);
      expect(again.findings).toEqual(
        expect.arrayContaining([expect.objectContaining({ rule: rules[0], boot: finding?.boot })]),
      );
    },
  );

  it("stops at an interrupt with 130 and says how far it got", async () => {
    const onInterrupt = (callback: () => void) => {
      callback();
      return () => {};
    };
    const args = ["--reboots", "10000000", "--seed", "1", "--format", "json"];
    const ended = await check(args, { onInterrupt });
    expect(ended.exitCode).toBe(130);
    expect(ended.err).toContain("interrupted; partial results");
    expect(report(ended.out).counts.boots).toBeLessThan(10_000);
  });
});
