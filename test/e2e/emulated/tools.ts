/** Whether this machine can build and run the ARM firmware; tests are left out where it cannot. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { findProgram } from "../../../host/system/guarded-process.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export function missingArmTools(): string[] {
  const missing = ["qemu-system-arm", "arm-none-eabi-gcc", "wasm2c", "cmake", "ninja"].filter(
    (tool) => findProgram(tool) === undefined,
  );
  if (!existsSync(`${ROOT}node_modules/wasm3-source/cpp/m3_core.c`)) missing.push("wasm3-source");
  return missing;
}

/** CI sets it: what cannot run must fail there. */
export const requireAll = process.env.ISNKIT_REQUIRE_ALL === "1";

/** `describe`, or a skip that says in one line what is left out and how to install it. */
export function describeArm(name: string, body: () => void): void {
  const missing = missingArmTools();
  if (missing.length > 0 && !requireAll) {
    console.warn(`left out: ${name} (missing ${missing.join(", ")}; run scripts/setup-arm)`);
    describe.skip(name, body);
    return;
  }
  describe(name, body);
}

/** Builds the firmware, or does nothing where it is fresh. Throws with the build's output. */
export function buildFirmware(...boards: string[]): void {
  const missing = missingArmTools();
  if (missing.length > 0) throw new Error(`missing ${missing.join(", ")}; run scripts/setup-arm`);
  execFileSync(`${ROOT}scripts/build-firmware`, boards, { cwd: ROOT, stdio: "pipe" });
}

/** Emulators that this process started and that still run, by their process ids. */
export function emulatorsLeft(): string[] {
  const parent = String(process.pid);
  const { stdout } = spawnSync("pgrep", ["-P", parent, "-f", "qemu-system-arm"], {
    encoding: "utf8",
  });
  return stdout.split("\n").filter((line) => line !== "");
}
