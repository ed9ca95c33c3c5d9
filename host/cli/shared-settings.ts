/** Settings that several commands take: one reader each. */

import { parseDurationUs } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { listed } from "../report/wording.ts";
import { didYouMean } from "./did-you-mean.ts";
import { flagOf, type Setting } from "./settings.ts";

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
    `${didYouMean(setting.text, formats)}the formats are ${listed(formats)}`,
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

export const MSL_DEFAULT = "120s";
const MSL_MIN_US = 1_000_000;
/** Where only the judges count with it, and where the module does (docs/abi.md, `configurePolicy`). */
const MSL_MAX_US = { judge: 3_600_000_000, module: 600_000_000 } as const;

/**
 * The maximum segment lifetime in microseconds, whole milliseconds; RFC 9293 §3.4.2 says 2 minutes.
 * UsageError `bad-msl`.
 */
export function readMsl(setting: Setting | undefined, by: "judge" | "module"): number {
  const us = parseDurationUs(setting?.text ?? MSL_DEFAULT, setting?.place ?? flagOf("msl"));
  if (us >= MSL_MIN_US && us <= MSL_MAX_US[by] && us % 1000 === 0) return us;
  const limits = by === "module" ? "1s to 10m, as the module takes them" : "1s to 1h";
  throw new UsageError(
    "bad-msl",
    `${JSON.stringify(setting?.text)} is no maximum segment lifetime (${setting?.place})`,
    `give whole milliseconds from ${limits}; RFC 9293 says 2m`,
  );
}
