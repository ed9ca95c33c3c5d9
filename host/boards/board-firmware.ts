/** Where built firmware lies. */
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { BenchError } from "../core/errors.ts";

/** Path of a built firmware. BenchError when it is not there. */
export async function firmwarePath(model: string, program: string): Promise<string> {
  const path = fileURLToPath(
    new URL(`../../build/firmware/${model}/${program}.elf`, import.meta.url),
  );
  try {
    await access(path);
    return path;
  } catch {
    throw new BenchError(
      "firmware-missing",
      `the firmware ${program} of ${model} was not built (build/firmware/${model}/${program}.elf)`,
      "run scripts/setup-arm once, then scripts/build-firmware",
    );
  }
}
