import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const RULES = fileURLToPath(new URL("../../.dependency-cruiser.mjs", import.meta.url));
const COMMAND = fileURLToPath(
  new URL("../../node_modules/dependency-cruiser/bin/dependency-cruise.mjs", import.meta.url),
);

/** One file for each way to break the floors, and some that keep them. */
const FILES: Readonly<Record<string, string>> = {
  "tsconfig.json": '{"compilerOptions":{"allowImportingTsExtensions":true,"noEmit":true}}',
  "host/cli/main.ts": 'import "../sources/one.ts"; import "../core/ground.ts";',
  "host/sources/one.ts": 'import { ground } from "../core/ground.ts"; void ground;',
  "host/core/ground.ts": "export const ground = 1;",
  "host/check/rule.ts": "export interface Rule {}",
  "host/report/upwards.ts": 'import type { Rule } from "../check/rule.ts"; ({}) as Rule;',
  "host/desk/sideways.ts": 'import { two } from "../virtual/two.ts"; void two;',
  "host/virtual/two.ts": "export const two = 2;",
  "host/core/circle.ts": 'import { back } from "./back.ts"; export const circle = () => back();',
  "host/core/back.ts": 'import { circle } from "./circle.ts"; export const back = () => circle();',
  "host/helpers/homeless.ts": 'import { ground } from "../core/ground.ts"; void ground;',
  "host/core/absent.ts": 'import { nothing } from "./nowhere.ts"; void nothing;',
};

describe("the rules for the imports of host/", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "isnkit-floors-"));
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("refuse imports upwards and sideways, types too, circles, and folders without a floor", () => {
    const words = [COMMAND, "host", "--config", RULES, "--output-type", "json"];
    const { stdout, stderr, status } = spawnSync(process.execPath, words, { cwd: folder });
    expect(stderr.toString()).toBe("");
    const { summary }: Report = JSON.parse(stdout.toString());
    const broken = summary.violations.map(({ from, rule }) => `${from} ${rule.name}`);
    expect(broken.sort()).toEqual([
      "host/core/absent.ts only-what-exists",
      "host/core/back.ts no-circles",
      "host/desk/sideways.ts desk-imports-from-below",
      "host/helpers/homeless.ts a-floor-for-each-folder",
      "host/report/upwards.ts report-imports-from-below",
    ]);
    expect(status).not.toBe(1);
  });
});

interface Report {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly rule: { readonly name: string };
    }[];
  };
}
