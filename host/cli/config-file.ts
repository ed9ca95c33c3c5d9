/** `isnkit.config.json` of the current folder: the same settings as the flags, in camel case. */
import { readFile } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import type { Config } from "./config-schema.ts";

export type { Config } from "./config-schema.ts";

export const CONFIG_FILE = "isnkit.config.json";

/**
 * Reads the file, if there is one. Throws UsageError `bad-config` with the path inside the file when
 * it is not JSON, or holds something that is not a setting.
 */
export async function readConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "bad-config",
      `${CONFIG_FILE} cannot be read: ${reason}`,
      "make it readable, or move it away",
    );
  }
  const { parseConfig } = await import("./config-schema.ts");
  return parseConfig(text, CONFIG_FILE);
}
