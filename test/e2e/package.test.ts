/**
 * The package as others get it: packed, installed in an empty folder elsewhere, and used there. It
 * packs the built harness in dist/, so `npm run build` comes first, as in `npm test`.
 */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { missingArmTools, requireAll } from "./emulated/tools.ts";

const runFile = promisify(execFile);
const REPO = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const CALM = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

/**
 * The environment of a user's shell. A test runner puts the repository's commands first in PATH, and
 * among them an npm of its own, years old, that as-pect brings; npm adds settings of this package.
 */
const SHELL = Object.fromEntries(
  Object.entries(process.env)
    .filter(([name]) => !/^npm_(package|lifecycle|config_local_prefix|execpath|command)/.test(name))
    .map(([name, value]) => [name, name === "PATH" ? withoutLocalCommands(value ?? "") : value]),
);

function withoutLocalCommands(path: string): string {
  const kept = path.split(delimiter).filter((folder) => !/node_modules[\\/]\.bin/.test(folder));
  return kept.join(delimiter);
}

async function run(command: string, args: readonly string[], cwd: string) {
  return runFile(command, args, { cwd, env: SHELL, maxBuffer: 2 ** 26 });
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let elsewhere = "";
let packed: Packed = { filename: "", files: [] };

beforeAll(async () => {
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "isnkit-package-")));
  packed = await pack(elsewhere);
  await install(elsewhere, packed.filename);
}, 120_000);

afterAll(() => {
  rmSync(elsewhere, { recursive: true, force: true });
});

/** Packs without the build scripts: they would rewrite files that other tests are reading. */
async function pack(into: string): Promise<Packed> {
  const args = ["pack", "--json", "--pack-destination", into, ...CALM];
  const { stdout } = await run("npm", args, REPO);
  const [first] = JSON.parse(stdout) as Packed[];
  if (first === undefined) throw new Error(`npm pack told nothing: ${stdout}`);
  return first;
}

/**
 * Installs the tarball, and its dependencies as copies of what this repository has installed, so
 * that no network is needed.
 */
async function install(folder: string, tarball: string): Promise<void> {
  writeFileSync(join(folder, "package.json"), '{ "name": "elsewhere", "private": true }\n');
  const listed = await run("npm", ["ls", "--omit=dev", "--all", "--parseable"], REPO);
  const installed = `${REPO}/node_modules/`;
  const copies = listed.stdout
    .split("\n")
    .filter((path) => path.startsWith(installed))
    .filter((path) => !path.slice(installed.length).includes("node_modules"));
  const args = ["install", "--prefer-offline", "--install-links", ...CALM];
  await run("npm", [...args, join(folder, tarball), ...copies], folder);
}

/** Runs a command in the folder elsewhere, whatever its exit code. */
async function there(command: string, ...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await run(command, args, elsewhere);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Outcome;
    if (typeof code !== "number") throw error;
    return { code, stdout, stderr };
  }
}

function read(path: string): string {
  return readFileSync(join(elsewhere, "node_modules/isnkit", path), "utf8");
}

describe("the tarball", () => {
  it("holds the compiled module, the command, the licence and the guides", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      "dist/isnkit.wasm",
      "dist/cli/main.js",
      "dist/index.js",
      "dist/index.d.ts",
      "docs/abi.md",
      "boards/kit/isnkit.h",
      "boards/rpi-pico/board.json",
      "scripts/setup-arm",
      "scripts/build-firmware",
      "scripts/emulated-desk",
      "LICENSE",
      "README.md",
      "package.json",
    ]) {
      expect(paths).toContain(path);
    }
  });

  it("holds no test, no source, and no map to a source that is not there", () => {
    // The example that docs/library.md explains is a test by nature.
    const strange = packed.files
      .map(({ path }) => path)
      .filter((path) => !path.startsWith("docs/examples/"))
      .filter((path) =>
        /(^|\/)(test|tests|__tests__|assembly|host|bench)\/|\.map$|\.test\./.test(path),
      );
    expect(strange).toEqual([]);
    const linked = code().filter((path) => read(path).includes("sourceMappingURL"));
    expect(linked).toEqual([]);
  });

  it("holds nothing that its sources no longer have", () => {
    const stale = code().filter((path) => {
      const stem = path.replace(/^dist\//, "host/").replace(/(\.d\.ts|\.js)$/, "");
      // What runs in a report's page is written in JavaScript.
      return !existsSync(join(REPO, `${stem}.ts`)) && !existsSync(join(REPO, `${stem}.js`));
    });
    // Remove dist/ and build again: a source was renamed since the last build.
    expect(stale).toEqual([]);
  });

  it("names no folder of the machine that packed it", () => {
    const naming = packed.files
      .map(({ path }) => path)
      .filter((path) => !path.endsWith(".wasm"))
      .filter((path) => MACHINE.test(read(path)) || read(path).includes(elsewhere));
    expect(naming).toEqual([]);
  });

  it("joins what an analysis loads in one file, and keeps apart what the program has loaded", () => {
    const from = imported(read("dist/cli/analyze.js"));
    expect(from.filter((name) => /^\.\.\/(capture|peers|analyze\/diagnoses)\//.test(name))).toEqual(
      [],
    );
    // A second copy would not know the errors of the first.
    expect(from).toContain("../core/errors.js");
  });

  it("imports nothing but its dependencies and what Node brings", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, object | undefined>;
    const kinds = ["dependencies", "peerDependencies", "optionalDependencies"];
    const known = kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
    expect(imported(read("dist/core/random.js"))).toContain("pure-rand/generator/XoroShiro");
    const foreign = code().flatMap((path) =>
      imported(read(path)).filter(
        (from) =>
          !from.startsWith(".") &&
          !from.startsWith("node:") &&
          !known.some((name) => from === name || from.startsWith(`${name}/`)),
      ),
    );
    expect(foreign).toEqual([]);
  });
});

/** What the package holds of compiled code, at least the whole harness. */
function code(): string[] {
  const paths = packed.files.map(({ path }) => path).filter((path) => /\.(js|d\.ts)$/.test(path));
  expect(paths.length).toBeGreaterThan(100);
  return paths;
}

/** Modules that a compiled file imports, by statement or by call. */
function imported(source: string): string[] {
  const statements = source.matchAll(/^(?:import|export)\b[^;"'`=]*\bfrom "([^"]+)";$/gm);
  const effects = source.matchAll(/^import "([^"]+)";$/gm);
  const calls = source.matchAll(/\bimport\("([^"]+)"\)/g);
  return [...statements, ...effects, ...calls].map(([, name = ""]) => name);
}

describe("in an empty folder elsewhere", () => {
  it("an emulated board without its firmware is a fault of the bench, with the commands to build it", async () => {
    const args = ["check", "--board", "rp2040js:rpi-pico", "--reboots", "1"];
    const { code, stderr } = await there("npx", "isnkit", ...args);
    expect(stderr).toMatch(/the firmware conformance-wasm2c of rpi-pico was not built/);
    expect(stderr).toMatch(
      /next: run node_modules\/isnkit\/scripts\/setup-arm once, then node_modules\/isnkit\/scripts\/build-firmware\n/,
    );
    expect(code).toBe(3);
  });

  it.skipIf(missingArmTools().length > 0 && !requireAll)(
    "these build it, and rp2040js runs it",
    async () => {
      await run("npm", ["install", ...CALM, `${REPO}/node_modules/rp2040js`], elsewhere);
      await run("node_modules/isnkit/scripts/build-firmware", ["rpi-pico"], elsewhere);
      const args = ["check", "--board", "rp2040js:rpi-pico", "--reboots", "6", "--format", "json"];
      const { code, stdout } = await there("npx", "isnkit", ...args, "--seed", "11");
      expect(JSON.parse(stdout)).toMatchObject({ counts: { boots: 7, findings: 0 } });
      expect(code).toBe(0);
    },
    120_000,
  );

  it("npx isnkit --help tells how to use it", async () => {
    const { code, stdout } = await there("npx", "isnkit", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: isnkit");
    expect(stdout).toMatch(/^\s+check\b/m);
  });

  it("npx isnkit check reboots the virtual board and passes", async () => {
    const args = ["check", "--board", "sim", "--reboots", "20", "--seed", "1", "--format", "json"];
    const { code, stdout } = await there("npx", "isnkit", ...args);
    const report = JSON.parse(stdout) as { verdict: string; counts: { boots: number } };
    expect(report.verdict).toBe("pass");
    expect(report.counts.boots).toBe(21);
    expect(code).toBe(0);
  });

  it("npx isnkit boards knows the models that have a description", async () => {
    const { code, stdout } = await there("npx", "isnkit", "boards", "--models");
    expect(stdout).toMatch(/^nucleo-f429zi: /m);
    expect(code).toBe(0);
  });

  it("npx isnkit check catches a bad generator", async () => {
    const args = ["check", "--board", "sim:uptime-seeded", "--reboots", "20", "--seed", "1"];
    const { code, stdout } = await there("npx", "isnkit", ...args);
    expect(stdout).toContain("FAIL");
    expect(code).toBe(1);
  });

  it("importing the library gives all that the sources export", async () => {
    const script = 'import("isnkit").then((all) => console.log(JSON.stringify(Object.keys(all))));';
    const { stdout, stderr } = await there("node", "--input-type=module", "--eval", script);
    expect(stderr).toBe("");
    const library = await import("../../host/index.ts");
    expect((JSON.parse(stdout) as string[]).sort()).toEqual(Object.keys(library).sort());
  });

  it("the library boots the module that came with it, and the module can be fetched by name", async () => {
    const script = [
      'import { readFileSync } from "node:fs";',
      'import { compileIsnModule } from "isnkit";',
      'const byName = readFileSync(new URL(import.meta.resolve("isnkit/isnkit.wasm")));',
      "const exports = WebAssembly.Module.exports(await compileIsnModule());",
      "console.log(WebAssembly.validate(byName), exports.some(({ name }) => name === 'isn4'));",
    ].join("\n");
    const { stdout, stderr } = await there("node", "--input-type=module", "--eval", script);
    expect({ stdout, stderr }).toEqual({ stdout: "true true\n", stderr: "" });
  });

  it("its types resolve, and refuse what is wrong", async () => {
    const tsc = join(REPO, "node_modules/typescript/bin/tsc");
    const types = join(REPO, "node_modules/@types");
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"];
    const args = [tsc, ...options, "--typeRoots", types, "--types", "node"];
    const lines = [
      'import { compileIsnModule, serialAfter } from "isnkit";',
      "export const good: [boolean, Promise<WebAssembly.Module>] = [serialAfter(2, 1), compileIsnModule()];",
      "export const bad: string = serialAfter(2, 1);",
    ];
    writeFileSync(join(elsewhere, "use.mts"), lines.join("\n"));
    const { stdout } = await there(process.execPath, ...args, "use.mts");
    expect(stdout.trim().split("\n")).toEqual([
      "use.mts(3,14): error TS2322: Type 'boolean' is not assignable to type 'string'.",
    ]);
  });
});

describe("the repository", () => {
  it("names no folder of one machine and nothing beside itself in any file", async () => {
    const { stdout } = await run("git", ["ls-files", "-z"], REPO);
    const files = stdout.split("\0").filter((file) => file !== "" && existsSync(join(REPO, file)));
    expect(files.length).toBeGreaterThan(100);
    const naming = files.filter((file) => MACHINE.test(readFileSync(join(REPO, file), "latin1")));
    expect(naming).toEqual([]);
  });

  it("has scripts for the commands that the README gives", () => {
    const readme = readFileSync(join(REPO, "README.md"), "utf8");
    const { scripts } = JSON.parse(readFileSync(join(REPO, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/\bnpm (?:(start|test)|run (?:-s )?([\w:-]+))/g)];
    const commands = named.map(([, short, long]) => short ?? long ?? "");
    expect(commands).toContain("start");
    expect(commands).toContain("test");
    expect(commands.filter((command) => scripts[command] === undefined)).toEqual([]);
  });
});

/**
 * Absolute folders of a machine (homes, this checkout) and the folder beside the checkout. Put
 * together here, so that this file does not name them itself.
 */
const MACHINE = new RegExp(
  [
    ["", "(?:home|Users)", "[a-z][\\w.-]*", ""].join("/"),
    ["", "work", "(?:main|shared)\\b"].join("/"),
    ["\\.\\.", "shared\\b"].join("/"),
    // A checkout right below the root has a name that any file may hold.
    ...(REPO.split("/").length > 2 ? [`${REPO.replace(/[^\w/]/g, "\\$&")}(?=/|$)`] : []),
  ].join("|"),
);
