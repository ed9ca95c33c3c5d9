/** The bench runner on benches made up for it, and the bench of sizes on the built module. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BENCH = fileURLToPath(new URL("../../benchmarks/", import.meta.url));

interface Row {
  readonly bench: string;
  readonly name: string;
  readonly value: number;
}

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isnkit-bench-"));
  for (const file of ["run.mjs", "measure.mjs", "table.mjs"]) {
    copyFileSync(join(BENCH, file), join(folder, file));
  }
  bench("count", { name: "steps", value: 12_345, unit: "steps", exact: true });
  bench("exact", { name: "bytes", value: 9, unit: "B", exact: true, goal: atMost(8) });
  bench("fast", { name: "calls", value: 9, unit: "calls/s", exact: false, goal: atLeast(10) });
  bench("good", { name: "limit", value: 8, unit: "B", exact: true, goal: atMost(8) });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(name: string, figure: object): void {
  const code = `export const run = ({ rounds }) => [{ ...${JSON.stringify(figure)}, note: "in " + rounds }];`;
  writeFileSync(join(folder, `${name}.bench.mjs`), code);
}

function atMost(bound: number) {
  return { bound, sense: "at most" };
}

function atLeast(bound: number) {
  return { bound, sense: "at least" };
}

function run(...args: string[]) {
  return spawnSync(process.execPath, [join(folder, "run.mjs"), ...args], { encoding: "utf8" });
}

describe("npm run bench", () => {
  it("fails when a goal that does not depend on the machine is missed", () => {
    const { status, stdout } = run("exact", "good");
    expect(status).toBe(1);
    expect(stdout).toMatch(/bytes +9 +B +at most 8 +MISSED/);
    expect(stdout).toMatch(/limit +8 +B +at most 8 +met/);
  });

  it("only tells of a speed that is missed", () => {
    const { status, stdout } = run("fast");
    expect(status).toBe(0);
    expect(stdout).toMatch(/calls +9 +calls\/s +at least 10 +missed here/);
  });

  it("runs the benches that are named, and all by default", () => {
    expect(names(run("--json", "good", "count").stdout)).toEqual(["limit", "steps"]);
    expect(names(run("--json").stdout)).toEqual(["steps", "bytes", "calls", "limit"]);
  });

  it("writes numbers with separators, and hands the number of rounds on", () => {
    const { status, stdout } = run("count", "--rounds", "7");
    expect(status).toBe(0);
    expect(stdout).toMatch(/steps +12,345 +steps/);
    expect(stdout).toContain("steps: in 7");
  });

  it.each([
    [["slow"], "there is no bench slow; there are count, exact, fast, good"],
    [["--rounds", "0"], "--rounds 0: give 1 or more"],
    [["--fast"], "Unknown option '--fast'"],
  ])("refuses %j with one line", (args, problem) => {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(problem);
    expect(stderr.trim().split("\n").length).toBe(1);
  });

  it("finds the built module within its budgets", () => {
    const args = [join(BENCH, "run.mjs"), "size", "--json"];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const figures = (JSON.parse(stdout) as { figures: Row[] }).figures;
    const memory = figures.find(({ name }) => name === "static memory")?.value;
    // The connection table alone takes 1,024 bytes.
    expect(memory).toBeGreaterThan(1_024);
    expect(memory).toBeLessThanOrEqual(4_096);
    expect(status).toBe(0);
  });
});

function names(stdout: string): string[] {
  const { figures } = JSON.parse(stdout) as { figures: Row[] };
  return figures.map(({ name }) => name);
}
