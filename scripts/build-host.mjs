// Compiles the harness to dist/, from nothing, so that no file of an earlier build is left behind;
// puts the compiled module beside it, joins what `isnkit analyze` loads, and makes the command executable.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { joinAnalyze } from "./join-modules.mjs";

rmSync("dist", { recursive: true, force: true });
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (status !== 0) process.exit(1);
copyFileSync("build/isnkit.wasm", "dist/isnkit.wasm");
copyFileSync("host/report/page/page.css", "dist/report/page/page.css");
await joinAnalyze();
chmodSync("dist/cli/main.js", 0o755);
