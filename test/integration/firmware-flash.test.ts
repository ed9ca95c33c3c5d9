import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram } from "../../host/system/guarded-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MODEL = fileURLToPath(new URL("firmware-flash-model.c", import.meta.url));
const NAME = "the STM32F4 flash driver on a model of its controller";

const compiler = findProgram("cc");
const left = compiler === undefined && process.env.ISNKIT_REQUIRE_ALL !== "1";
if (left) console.warn(`left out: ${NAME} (no C compiler cc; apt-get install gcc)`);

describe.skipIf(left)(NAME, () => {
  it("keeps to the manual, locks behind itself, and reports every error", () => {
    const folder = mkdtempSync(join(tmpdir(), "isnkit-flash-"));
    try {
      const program = join(folder, "model");
      const includes = ["-I", `${ROOT}boards/kit`, "-I", `${ROOT}boards/stm32f4`];
      const sources = [MODEL, `${ROOT}boards/stm32f4/flash.c`];
      const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-DSTM32F4_FLASH_MODEL"];
      execFileSync(compiler ?? "cc", [...flags, ...includes, "-o", program, ...sources]);
      const lines = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
      expect(lines).toEqual([
        "open 0 locked 1",
        "erase 0 locked 1",
        "erase 0 locked 1",
        "erase 0 locked 1",
        "blank 1 untouched 1 flushes 3",
        "program 0 locked 1",
        "read 0 locked 1",
        "same 1 place 1",
        "unaligned 1 locked 1",
        "partial 1 locked 1",
        "behind 1 locked 1",
        "erase behind 1 locked 1",
        "protected 16 locked 1",
        "protected erase 16 locked 1",
        "after errors 0 locked 1",
        "stuck 2 locked 1",
        "no key 3 locked 1",
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
