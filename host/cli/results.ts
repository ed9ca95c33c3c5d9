/** Where results go: stdout, or a file that is there whole or not at all. */
import { rename, rm, writeFile } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Writes `text` to `file`, or to stdout without one. Throws UsageError `bad-output`. */
export async function writeResults(
  terminal: Terminal,
  text: string,
  file: string | undefined,
): Promise<void> {
  if (file === undefined) {
    await terminal.out(text);
    return;
  }
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text, { flag: "wx" });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "bad-output",
      `the report cannot be written to ${JSON.stringify(file)}: ${reason}`,
      "name a file in a folder that exists and can be written to",
    );
  }
}
