// Closes a CI run: `node scripts/ci-summary.mjs LOG STATUS`. Counts the tests of both runners, says
// what was left out, and prints `N passed, N failed`. Exit code 1 when anything failed or was left out.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const [, , logFile, status] = process.argv;
const problems = [];
if (status !== "0") problems.push(`npm test ended with code ${status}`);

const counts = { passed: 0, failed: 0 };
const module = /^as-pect: (\d+) passed, (\d+) failed$/m.exec(readFileSync(logFile, "utf8"));
if (module) {
  counts.passed += Number(module[1]);
  counts.failed += Number(module[2]);
} else {
  problems.push("the module's specs (as-pect) did not run");
}

const resultsFile = "build/test-results.json";
if (existsSync(resultsFile)) {
  const results = JSON.parse(readFileSync(resultsFile, "utf8"));
  counts.passed += results.numPassedTests;
  counts.failed += results.numFailedTests;
  const skipped = results.numPendingTests + results.numTodoTests;
  if (skipped > 0) problems.push(`${skipped} tests were skipped`);
  const ran = new Set(results.testResults.map(({ name }) => relative("", name)));
  for (const file of testFiles("test")) {
    if (!ran.has(file)) problems.push(`${file} did not run`);
  }
} else {
  problems.push("the harness's tests (vitest) did not run");
}

for (const problem of problems) console.error(`ci: ${problem}`);
const ok = problems.length === 0 && counts.failed === 0 && counts.passed > 0;
if (!ok && counts.failed === 0) counts.failed = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = ok ? 0 : 1;

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
