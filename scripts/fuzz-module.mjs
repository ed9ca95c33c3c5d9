// Joins the fuzzer of test/oracle/ in one file and runs it: node scripts/fuzz-module.mjs --help
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const folder = mkdtempSync(join(tmpdir(), "isnkit-fuzz-"));
const file = join(folder, "fuzz.mjs");
const input = fileURLToPath(new URL("../test/oracle/main.ts", import.meta.url));

try {
  const bundle = await rolldown({ input, platform: "node", logLevel: "warn" });
  await bundle.write({ file, format: "esm" });
  await import(pathToFileURL(file).href);
} finally {
  rmSync(folder, { recursive: true });
}
