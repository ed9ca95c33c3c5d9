/** Reads the list of `--boots-at`. */
import { parseDurationUs } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";

/** Captures take a time below this as one since their first packet. */
const RELATIVE_US_MAX = 10 ** 14;

/**
 * Boot times in microseconds: durations since the first packet (`12s,4m`), or moments with a zone
 * (`2024-05-01T12:00:00Z`) since 1970. Sorted. Throws UsageError `bad-boot-time`, `bad-duration`.
 */
export function parseBootTimes(text: string, place: string): readonly number[] {
  const times = text
    .split(",")
    .map((item) => item.trim())
    .map((item) => parseBootTime(item, place));
  return times.sort((a, b) => a - b);
}

function parseBootTime(item: string, place: string): number {
  if (!/^\d{4}-/.test(item)) return parseDurationUs(item, place);
  const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/.test(item);
  const us = Date.parse(item) * 1000;
  if (zoned && us >= RELATIVE_US_MAX) return us;
  throw new UsageError(
    "bad-boot-time",
    `${JSON.stringify(item)} is not the time of a boot (${place})`,
    "give a time since the first packet (12s, 4m), or a moment with a zone (2024-05-01T12:00:00Z)",
  );
}
