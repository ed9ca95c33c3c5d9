/** Where results go: stdout, a file that is there whole or not at all, or a device or pipe. */
import { constants } from "node:fs";
import { access, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BenchError, UsageError } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Says early, before a long run, that results cannot go to `file`. Throws UsageError `bad-output`. */
export async function expectWritable(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw notWritable(file, new Error("it is a directory"));
  try {
    const target = await replaceable(file);
    await access(target === undefined ? file : dirname(target), constants.W_OK);
  } catch (error) {
    throw notWritable(file, error);
  }
}

/**
 * Writes `text` to `file`, or to stdout without one. Throws UsageError `bad-output`, or BenchError
 * `output-failed` where the disk is full or broken.
 */
export async function writeResults(
  terminal: Terminal,
  text: string,
  file: string | undefined,
): Promise<void> {
  if (file === undefined) {
    await terminal.out(text);
    return;
  }
  const target = await replaceable(file);
  try {
    if (target === undefined) await writeFile(file, text);
    else await replace(target, text);
  } catch (error) {
    throw isDiskFault(error) ? diskFault(file, error) : notWritable(file, error);
  }
}

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text, { flag: "wx" });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * The file that is to be replaced, at the end of links; undefined for what takes bytes and must stay
 * what it is: a device, a pipe, `/dev/stdout` wherever it leads.
 */
async function replaceable(file: string): Promise<string | undefined> {
  if (dirname(resolve(file)) === "/dev") return undefined;
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return file;
  return found.isFile() ? realpath(file) : undefined;
}

/** No room (quota included), or a device that does not take the bytes: the words were right. */
function isDiskFault(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG" || code === "EIO";
}

function diskFault(file: string, error: unknown): BenchError {
  const reason = error instanceof Error ? error.message : String(error);
  return new BenchError(
    "output-failed",
    `the report cannot be written to ${JSON.stringify(file)}: ${reason}`,
    "make room on the disk or name a file on another one, then run the command again",
  );
}

function notWritable(file: string, error: unknown): UsageError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UsageError(
    "bad-output",
    `the report cannot be written to ${JSON.stringify(file)}: ${reason}`,
    "name a file in a folder that exists and can be written to",
  );
}
