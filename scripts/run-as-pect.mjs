/**
 * Runs the module's as-pect specs and does not believe a bare "Pass!": as-pect prints that, with
 * exit code 0, also when it has found no spec at all. Every spec file must have run, with at least
 * as many tests as it declares. Exit code 0 when all passed, 1 otherwise.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SPECS = "assembly/__tests__";
/** A test in a spec's text. A skipped one counts too, so that it is missed in the results. */
const DECLARATION = /^\s*(?:it|test|throws|itThrows|xit|xtest|todo)\(/gm;
/** A spec file takes about a second; a module that loops for ever is a failure, not a wait. */
const SILENCE_MAX_MS = 60_000;

main();

async function main() {
  const declared = declaredTests();
  const { code, output } = await runAsPect();
  const { files, passed, failed } = results(output);
  const problems = [];
  if (code !== 0) problems.push(`as-pect ended with code ${code}`);
  if (passed + failed === 0) problems.push("no test ran");
  for (const [file, tests] of declared) {
    const ran = files.get(file);
    if (ran === undefined) problems.push(`${file} did not run`);
    else if (ran < tests) problems.push(`${file} declares ${tests} tests, ${ran} ran`);
    if (tests === 0) problems.push(`${file} declares no test`);
  }
  if (declared.size === 0) problems.push(`${SPECS} has no *.spec.ts`);
  for (const problem of problems) console.error(`run-as-pect: ${problem}`);
  // as-pect leaves its own last line open.
  console.log(`\nas-pect: ${passed} passed, ${failed} failed`);
  process.exitCode = problems.length === 0 && failed === 0 ? 0 : 1;
}

/** Spec files and the number of tests that their text declares. */
function declaredTests() {
  const names = readdirSync(join(ROOT, SPECS)).filter((name) => name.endsWith(".spec.ts"));
  return new Map(
    names.sort().map((name) => {
      const text = readFileSync(join(ROOT, SPECS, name), "utf8");
      return [`${SPECS}/${name}`, [...text.matchAll(DECLARATION)].length];
    }),
  );
}

/** Runs as-pect's command line in this Node, passes its output on, and keeps it. */
function runAsPect() {
  const library = createRequire(import.meta.url).resolve("@as-pect/cli");
  const program = join(dirname(library), "test.js");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "--no-logo", "--verbose"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
    });
    const stop = (signal) => child.kill(signal);
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    const watchdog = setTimeout(() => {
      console.error(
        `run-as-pect: as-pect was silent for ${SILENCE_MAX_MS / 1000} s and is stopped`,
      );
      child.kill("SIGKILL");
    }, SILENCE_MAX_MS);
    const output = ["", ""];
    // The reporter's lines and compile errors come on stderr, the grand total on stdout. Each is
    // kept by itself, so that no line is torn apart by the other.
    [child.stdout, child.stderr].forEach((stream, i) => {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output[i] += text;
        watchdog.refresh();
        process.stdout.write(text);
      });
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(watchdog);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve({ code: code ?? signal, output: output.join("\n") });
    });
  });
}

/** Reads the verbose reporter's `[File]` and `[Summary]` lines: tests that ran in each file. */
function results(output) {
  const files = new Map();
  let file;
  let passed = 0;
  let failed = 0;
  for (const line of stripVTControlCharacters(output).split("\n")) {
    const named = /^\s*\[File\]: (\S+)/.exec(line);
    if (named !== null) file = named[1];
    const counted = /^\s*\[Summary\]: (\d+) pass,\s+(\d+) fail, (\d+) total/.exec(line);
    if (counted === null || file === undefined) continue;
    passed += Number(counted[1]);
    failed += Number(counted[2]);
    files.set(file, Number(counted[3]));
  }
  return { files, passed, failed };
}
