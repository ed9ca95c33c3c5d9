/** The recipes for CI: the YAML is read, and its very shell lines are run, with fewer reboots. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ISNKIT = join(ROOT, "dist/cli/main.js");

// A complete YAML 1.2 reader that is there for the browser tests anyway.
const { yaml } = createRequire(import.meta.url)("playwright-core/lib/utilsBundle") as {
  yaml: { parse(text: string): unknown; parseAllDocuments(text: string): { toJS(): unknown }[] };
};

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let folder: string;
beforeEach(() => {
  expect(existsSync(ISNKIT), "run npm run build first").toBe(true);
  folder = mkdtempSync(join(tmpdir(), "isnkit-ci-"));
  // `npx isnkit` finds this build, and `npm ci` has nothing to do.
  program("npx", `[ "$1" = --no ] && shift; shift; exec "${process.execPath}" "${ISNKIT}" "$@"`);
  program("npm", '[ "$1" = ci ]');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  execFileSync("mkdir", ["-p", join(folder, "bin")]);
  const path = join(folder, "bin", name);
  writeFileSync(path, `#!/bin/bash\n${script}\n`);
  chmodSync(path, 0o755);
}

function example(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

/** Runs lines as the CI system would; its exit code and what it wrote. */
function shell(words: readonly string[], lines: string, env: Readonly<Record<string, string>>) {
  const [command = "", ...more] = words;
  const { status, stdout, stderr } = spawnSync(command, [...more, lines], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, HOME: folder, ...env },
  });
  return { status, stdout, stderr };
}

const GITHUB = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
const SMALL = { REBOOTS: "400", SEED: "1" };

function inFolder(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

function expectReport(): void {
  expect(inFolder("report.html")).toMatch(/^<!doctype html>/);
  const { cases } = JSON.parse(inFolder("merged.json"));
  expect(cases).toMatchObject({ first: 0, count: cases.total });
}

describe("the GitHub workflow", () => {
  it("simulates in shards, merges them, and ends with the verdict of the whole", () => {
    const flow = yaml.parse(example("examples/github-actions.yml")) as {
      env: Record<string, string>;
      jobs: {
        shard: { strategy: { matrix: { shard: number[] } }; steps: Step[] };
        report: { steps: Step[] };
      };
    };
    const { shard, report } = flow.jobs;
    const shards = shard.strategy.matrix.shard;
    expect(shards.map(String).at(-1)).toBe(flow.env.SHARDS);
    const summary = join(folder, "summary.md");
    const env = { ...flow.env, ...SMALL, GITHUB_STEP_SUMMARY: summary };
    for (const number of shards) {
      for (const step of shard.steps.filter(({ run }) => run !== undefined)) {
        const result = shell(GITHUB, step.run ?? "", { ...env, SHARD: String(number) });
        expect(result.status, result.stderr).toBe(0);
      }
    }
    const merge = report.steps.find(({ run }) => run?.includes("merge"))?.run ?? "";
    const { status, stderr } = shell(GITHUB, merge, env);
    expect([0, 4], stderr).toContain(status);
    expectReport();
    expect(inFolder("summary.md")).toMatch(/^## (✅|⚠️) isnkit simulate/);
    rmSync(join(folder, "shard-2.json"));
    rmSync(join(folder, "merged.json"));
    expect(shell(GITHUB, merge, env).status).toBe(2);
  });
});

describe("the GitLab pipeline", () => {
  it("simulates in parallel, merges, and ends with the verdict of the whole", () => {
    const flow = yaml.parse(example("examples/gitlab-ci.yml")) as {
      simulate: { parallel: number; script: string[] };
      report: { script: string[] };
    };
    const { simulate, report } = flow;
    for (let index = 1; index <= simulate.parallel; index++) {
      const env = {
        ...SMALL,
        CI_NODE_INDEX: String(index),
        CI_NODE_TOTAL: String(simulate.parallel),
      };
      const { status, stderr } = shell(
        ["bash", "-eo", "pipefail", "-c"],
        simulate.script.join("\n"),
        env,
      );
      expect(status, stderr).toBe(0);
    }
    const { status } = shell(["bash", "-eo", "pipefail", "-c"], report.script.join("\n"), SMALL);
    expect([0, 4]).toContain(status);
    expectReport();
    expect(inFolder("junit.xml")).toContain("<testsuites ");
  });
});

describe("the Kubernetes jobs", () => {
  it("simulate by their completion index, and merge", () => {
    const [simulate, report] = yaml
      .parseAllDocuments(example("examples/kubernetes-job.yml"))
      .map((document) => document.toJS() as KubernetesJob);
    if (!simulate || !report) throw new Error("two jobs are expected");
    const { completions = 0, completionMode } = simulate.spec;
    expect(completionMode).toBe("Indexed");
    expect(containerOf(simulate).env.find(({ name }) => name === "SHARDS")?.value).toBe(
      String(completions),
    );
    const env = { ...SMALL, SHARDS: String(completions), RESULTS: folder };
    for (let index = 0; index < completions; index++) {
      const result = runJob(simulate, { ...env, JOB_COMPLETION_INDEX: String(index) });
      expect(result.status, result.stderr).toBe(0);
    }
    expect([0, 4]).toContain(runJob(report, env).status);
    expectReport();
  });
});

interface KubernetesJob {
  readonly spec: {
    readonly completions?: number;
    readonly completionMode?: string;
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly command: readonly string[];
  readonly args: readonly string[];
}

function containerOf(job: KubernetesJob): Container {
  const [container] = job.spec.template.spec.containers;
  if (container === undefined) throw new Error("no container");
  return container;
}

function runJob(job: KubernetesJob, env: Readonly<Record<string, string>>) {
  const { command, args } = containerOf(job);
  return shell(command, args.join(" "), env);
}

describe("the composite action", () => {
  const action = yaml.parse(example("action.yml")) as {
    inputs: Record<string, { default: string }>;
    runs: { using: string; steps: Step[] };
  };

  function runAction(command: string) {
    const env = {
      GITHUB_OUTPUT: join(folder, "output"),
      GITHUB_STEP_SUMMARY: join(folder, "summary.md"),
      ISNKIT_ACTION_COMMAND: command,
      ISNKIT_ACTION_FOLDER: "result",
    };
    const [run, verdict] = action.runs.steps.filter((step) => step.run !== undefined);
    const first = shell(GITHUB, run?.run ?? "", env);
    const code = /^exit-code=(\d+)$/m.exec(inFolder("output"))?.[1] ?? "";
    const last = shell(GITHUB, verdict?.run ?? "", { ISNKIT_ACTION_EXIT_CODE: code });
    return { first, verdict: last.status };
  }

  it("writes report, JUnit and summary, and ends with the verdict", () => {
    const { first, verdict } = runAction(
      "check --board sim:fixed-plus-ticks --reboots 20 --seed 1",
    );
    expect(first.status, first.stderr).toBe(0);
    expect(verdict).toBe(1);
    expect(inFolder("result/report.html")).toMatch(/^<!doctype html>/);
    expect(inFolder("result/junit.xml")).toContain('<testcase name="isn-reuse"');
    expect(inFolder("summary.md")).toMatch(/^## ❌ isnkit check: fail/);
  });

  it("passes the exit code of wrong usage on, and writes no report", () => {
    expect(runAction("check --reboots none").verdict).toBe(2);
    expect(existsSync(join(folder, "result/report.html"))).toBe(false);
  });

  it("executes nothing that stands in its inputs", () => {
    const evil = `check --reboots 1 $(touch ${folder}/hacked) ; touch ${folder}/hacked \`touch ${folder}/hacked\``;
    expect(runAction(evil).verdict).toBe(2);
    expect(existsSync(join(folder, "hacked"))).toBe(false);
    for (const { run = "" } of action.runs.steps) expect(run).not.toContain("${{");
  });
});
