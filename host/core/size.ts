import { UsageError } from "./errors.ts";

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Parses `10MB`, `512KiB` into bytes. A bare number is refused. Throws UsageError `bad-size`. */
export function parseSizeBytes(text: string, what: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([KMG]i?B|B)$/.exec(text.trim());
  const unit = match ? UNIT_BYTES[match[2] ?? ""] : undefined;
  if (!match || unit === undefined) {
    throw new UsageError(
      "bad-size",
      `${what}: ${JSON.stringify(text)} is not a size`,
      "give a number with a unit: 500KB, 10MB, 64MiB",
    );
  }
  return Math.round(Number(match[1]) * unit);
}
