import { UsageError } from "./errors.ts";

const UNIT_US: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

/** Parses `500ms`, `4s`, `2m`, `1h` into microseconds. A bare number is refused. */
export function parseDurationUs(text: string, what: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(us|ms|s|m|h)$/.exec(text.trim());
  const unit = match ? UNIT_US[match[2] ?? ""] : undefined;
  if (!match || unit === undefined) {
    throw new UsageError(
      "bad-duration",
      `${what}: ${JSON.stringify(text)} is not a duration`,
      "give a number with a unit: 500ms, 4s, 2m or 1h",
    );
  }
  return Math.round(Number(match[1]) * unit);
}

/** Writes microseconds for people: `850 µs`, `12.5 ms`, `3.02 s`, `4 min 10 s`, `2 min`. */
export function formatDurationUs(us: number): string {
  const size = Math.abs(us);
  if (size < 1_000) return `${Math.round(us)} µs`;
  if (size < 1_000_000) return `${trim(us / 1_000)} ms`;
  if (size < 120_000_000) return `${trim(us / 1_000_000)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (size < 7_200_000_000) {
    const rest = Math.abs(seconds % 60);
    return `${Math.trunc(seconds / 60)} min${rest === 0 ? "" : ` ${rest} s`}`;
  }
  return `${trim(us / 3_600_000_000)} h`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
