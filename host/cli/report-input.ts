/** Reads report files, and no more of them than a report may have. */
import { open } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import { FILE_BYTES_MAX } from "../report/files/bounds.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The text of a file, or of standard input for `-`. Throws UsageError `no-report` when it cannot be
 * read, `bad-report` when it is too large.
 */
export async function readBounded(file: string, name: string, terminal: Terminal): Promise<string> {
  try {
    return file === "-" ? await readAll(terminal.input, name) : await readFile(file, name);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "no-report",
      `${name} cannot be read: ${reason}`,
      "name a file that `isnkit check`, `simulate` or `analyze` wrote with --format json",
    );
  }
}

async function readFile(file: string, name: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    return await readAll(handle.createReadStream({ autoClose: false }), name);
  } finally {
    await handle.close();
  }
}

async function readAll(input: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > FILE_BYTES_MAX) {
      throw new UsageError(
        "bad-report",
        `${name} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
        "a report of isnkit never is; name the file that --format json wrote",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
