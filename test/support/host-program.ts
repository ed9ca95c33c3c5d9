/** C of the firmware compiled for this machine, to be run against models of its hardware. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { findProgram } from "../../host/system/guarded-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `describe`, or a skip that says what to install; never a skip where everything is required. */
export function describeWithCompiler(name: string, body: () => void): void {
  const left = findProgram("cc") === undefined && process.env.ISNKIT_REQUIRE_ALL !== "1";
  if (left) console.warn(`left out: ${name} (no C compiler cc; apt-get install gcc)`);
  describe.skipIf(left)(name, body);
}

export interface HostProgram {
  readonly path: string;
  remove(): void;
}

/** Compiles sources, named from the root of the repository, with all warnings as errors. */
export function compileHostProgram(
  sources: readonly string[],
  flags: readonly string[] = [],
): HostProgram {
  const folder = mkdtempSync(join(tmpdir(), "isnkit-host-"));
  const path = join(folder, "program");
  const warnings = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror"];
  const checked = ["-fsanitize=undefined", "-fno-sanitize-recover"];
  const includes = ["kit", "update", "apps"].flatMap((folder) => ["-I", `${ROOT}boards/${folder}`]);
  const files = sources.map((source) => ROOT + source);
  execFileSync("cc", [...warnings, ...checked, ...flags, ...includes, "-o", path, ...files]);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
