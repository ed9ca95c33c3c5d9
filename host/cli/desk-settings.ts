/** Settings that the commands of the desk share. */
import { UsageError } from "../core/errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { Setting } from "./settings.ts";

/** One of a command's formats; the first is the usual one. UsageError `unknown-format`. */
export function readListFormat<Format extends string>(
  setting: Setting | undefined,
  formats: readonly [Format, ...Format[]],
): Format {
  if (setting === undefined) return formats[0];
  const format = formats.find((one) => one === setting.text);
  if (format !== undefined) return format;
  throw new UsageError(
    "unknown-format",
    `${JSON.stringify(setting.text)} is not a format of this command (${setting.place})`,
    `${didYouMean(setting.text, formats)}the formats are ${formats.join(" and ")}`,
  );
}

/** A file to write to. UsageError `bad-output` for an empty name. */
export function readOutput(setting: Setting | undefined): string | undefined {
  if (setting?.text !== "") return setting?.text;
  throw new UsageError("bad-output", `${setting.place} is empty`, "name a file to write to");
}

const COUNT_MAX = 1_000_000;

/** How often; 1 when it is not said. UsageError `bad-count`. */
export function readCount(setting: Setting | undefined): number {
  if (setting === undefined) return 1;
  const count = /^\d{1,7}$/.test(setting.text) ? Number(setting.text) : Number.NaN;
  if (count >= 1 && count <= COUNT_MAX) return count;
  throw new UsageError(
    "bad-count",
    `${JSON.stringify(setting.text)} is no number of 1 to ${COUNT_MAX} (${setting.place})`,
    "give a whole number, as in --count 20",
  );
}
