/** Where built firmware lies. */
import { access } from "node:fs/promises";
import { relative } from "node:path";
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
      `run ${scriptPath("setup-arm")} once, then ${scriptPath("build-firmware")}`,
    );
  }
}

/** A script of this package, as it is called from the working folder: installed, it lies deep. */
export function scriptPath(name: string): string {
  const path = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}
