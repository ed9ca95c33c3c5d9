// Puts the compiled module beside the compiled harness, and makes the command executable.
import { chmodSync, copyFileSync } from "node:fs";

copyFileSync("build/isnkit.wasm", "dist/isnkit.wasm");
chmodSync("dist/cli/main.js", 0o755);
