/** The command line without a process: a terminal that remembers. */
import { describe, expect, it, vi } from "vitest";
import { RULE_IDS } from "../../../host/check/rule.ts";
import { runProgram } from "../../../host/cli/program.ts";
import { progressOn } from "../../../host/cli/progress.ts";
import type { Terminal } from "../../../host/cli/terminal.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";

const CAPTURES = new URL("../../fixtures/captures/", import.meta.url).pathname;
const C1 = `${CAPTURES}c1_timewait_good_reuse_synack.pcap`;

interface Remembered extends Terminal {
  readonly outText: string[];
  readonly errText: string[];
}

function terminal(more: Partial<Terminal> = {}): Remembered {
  const outText: string[] = [];
  const errText: string[] = [];
  return {
    outText,
    errText,
    out: async (text) => {
      outText.push(text);
    },
    err: (text) => {
      errText.push(text);
    },
    outIsTerminal: false,
    errIsTerminal: false,
    environment: {},
    onInterrupt: () => () => {},
    input: { async *[Symbol.asyncIterator]() {}, destroy: () => {} },
    ...more,
  };
}

async function run(args: readonly string[], more: Partial<Terminal> = {}) {
  const remembered = terminal(more);
  const exitCode = await runProgram(["node", "isnkit", ...args], remembered);
  return { exitCode, out: remembered.outText.join(""), err: remembered.errText.join("") };
}

const OF_C1 = ["check", "--capture", C1, "--device", "10.77.0.2"];

describe("isnkit", () => {
  it("prints help and the version on stdout, with examples", async () => {
    expect(await run(["--help"])).toMatchObject({ exitCode: 0, err: "" });
    expect((await run(["check", "--help"])).out).toContain("isnkit check --list-rules");
    expect((await run(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("answers an unknown command or flag with a guess and exit code 2", async () => {
    const command = await run(["chekc"]);
    expect(command).toMatchObject({ exitCode: 2, out: "" });
    expect(command.err).toMatch(
      /^isnkit: unknown command 'chekc'.*\n {2}next: did you mean check\?/,
    );
    const flag = await run(["check", "--reboot", "5"]);
    expect(flag.err).toContain("did you mean --reboots?");
    expect(flag.exitCode).toBe(2);
  });

  it("lists every rule and every generator", async () => {
    const { out: rules } = await run(["check", "--list-rules"]);
    for (const id of RULE_IDS) expect(rules).toContain(`${id} `);
    const { out: generators } = await run(["check", "--list-generators", "--format", "json"]);
    const document = JSON.parse(generators);
    expect(document.generators).toHaveLength(ZOO.length + 1);
  });
});

describe("isnkit check on a capture", () => {
  it("finds nothing wrong with a good reuse", async () => {
    const { exitCode, out, err } = await run(OF_C1);
    expect(out).toMatch(/\nPASS {2}3 rules hold over 1 boot, 2 connections\n$/);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  });

  it.each([
    ["a1_timewait_same_isn_same_port_challenge_ack_no_synack", ["isn-reuse"]],
    ["a3_timewait_good_isn_but_low_tsval_after_reboot", ["tsval-backward"]],
    ["b1_timewait_isn_2e31_plus_above_challenge_ack", ["isn-window"]],
    ["g1_pool1025-1034_random_isn_wrap_120s_ignore", ["isn-backward", "port-reuse"]],
    ["i1_isn_64k_rule", ["isn-predictable"]],
    ["i5_isn_fixed_6510_plus_ticks_reboot", ["isn-repeats-after-boot", "port-repeats-after-boot"]],
  ])("names what is wrong with %s", async (name, ids) => {
    for (const type of ["pcap", "pcapng"]) {
      const file = `${CAPTURES}${name}.${type}`;
      const args = ["check", "--capture", file, "--device", "10.77.0.2", "--format", "json"];
      const { exitCode, out } = await run(args);
      const document = JSON.parse(out);
      expect(exitCode).toBe(1);
      expect(document.verdict).toBe("fail");
      const failed = document.rules.filter((rule: { status: string }) => rule.status === "fail");
      expect(failed.map((rule: { id: string }) => rule.id)).toEqual(expect.arrayContaining(ids));
    }
  });

  it("does not call random ISNs predictable (i6)", async () => {
    const file = `${CAPTURES}i6_isn_random_control.pcap`;
    const rules = "isn-predictable";
    const result = await run([
      "check",
      "--capture",
      file,
      "--device",
      "10.77.0.2",
      "--rules",
      rules,
    ]);
    expect(result.exitCode).toBe(0);
  });

  it("is inconclusive when a rule that was asked for has no evidence", async () => {
    const { exitCode, out } = await run([...OF_C1, "--rules", "isn-reuse,quiet-time"]);
    expect(exitCode).toBe(4);
    expect(out).toMatch(/\nINCONCLUSIVE .*not judged: quiet-time\n$/);
  });

  it("takes settings from the environment, where flags win", async () => {
    vi.stubEnv("ISNKIT_FORMAT", "json");
    vi.stubEnv("ISNKIT_RULES", "isn-window");
    try {
      const json = await run(OF_C1);
      expect(JSON.parse(json.out).rules).toHaveLength(1);
      expect((await run([...OF_C1, "--format", "text"])).out).toContain("PASS  1 rule holds");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("colours on a terminal only, and not under NO_COLOR or --no-color", async () => {
    const outIsTerminal = true;
    expect((await run(OF_C1)).out).not.toContain("\u001b[");
    expect((await run(OF_C1, { outIsTerminal })).out).toContain("\u001b[32mPASS");
    expect((await run([...OF_C1, "--no-color"], { outIsTerminal })).out).not.toContain("\u001b[");
    const environment = { NO_COLOR: "1" };
    expect((await run(OF_C1, { outIsTerminal, environment })).out).not.toContain("\u001b[");
  });
});

describe("progress", () => {
  it("is one rewritten line, at most five times a second, on a terminal only", () => {
    let nowMs = 0;
    const shown = terminal({ errIsTerminal: true });
    const progress = progressOn(shown, () => nowMs);
    progress.tick(() => "too early");
    nowMs = 250;
    progress.tick(() => "boot 5 of 10");
    progress.clear();
    expect(shown.errText).toEqual(["\r\u001b[Kboot 5 of 10", "\r\u001b[K"]);
    const silent = terminal();
    progressOn(silent, () => nowMs).tick(() => "x");
    expect(silent.errText).toEqual([]);
  });
});
