/** What `isnkit monitor` sees on a console. */
import type { ConsoleRecord } from "../console/console-record.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export type ConsoleSighting =
  /** A record that arrived whole. */
  | { readonly kind: "record"; readonly record: ConsoleRecord; readonly deviceUs?: number }
  /**
   * Text of a device that does not speak the protocol, or a piece of it. `cut`: what follows belongs to
   * the same line; `half`: the port was lost in the middle of it.
   */
  | { readonly kind: "text"; readonly text: string; readonly end: "line" | "cut" | "half" }
  /** A record with a wrong checksum, or only the half of one. */
  | { readonly kind: "damaged"; readonly text: string }
  /** Records that never arrived: their numbers, both ends included. */
  | { readonly kind: "gap"; readonly first: number; readonly last: number }
  /** The records' numbers began again: the device was started anew. */
  | { readonly kind: "restart"; readonly last: number };

/** What happens to the port. */
export type LinkSighting =
  | { readonly kind: "open"; readonly path: string; readonly again: boolean }
  | { readonly kind: "lost"; readonly path: string; readonly reason: string }
  /** It is there again, or another one is, but it cannot be opened yet. */
  | { readonly kind: "waiting"; readonly reason: string }
  | { readonly kind: "end"; readonly reason: string };

export type MonitorEvent = (ConsoleSighting | LinkSighting) & {
  /** Host time, microseconds since 1970. */
  readonly atUs: number;
};

/** Types of records that tell of trouble. */
const WARNINGS = new Set(["refused", "refused-command", "failed", "not-opened", "torn"]);
/** `state=` of a device whose module has failed (docs/abi.md). */
const STATE_FAILED = "4";

/** How much an event matters: the record's own `level=`, or what its type says. */
export function levelOf(event: MonitorEvent): Level {
  switch (event.kind) {
    case "record": {
      const own = event.record.fields.get("level");
      const level = LEVELS.find((one) => one === own);
      if (level !== undefined) return level;
      if (event.record.fields.get("state") === STATE_FAILED) return "error";
      return WARNINGS.has(event.record.type) ? "warn" : "info";
    }
    case "damaged":
    case "gap":
    case "restart":
      return "warn";
    case "lost":
      return "error";
    default:
      return "info";
  }
}

/** What is asked for; everything where nothing is. */
export interface EventFilter {
  readonly level?: Level | undefined;
  /** Types of records, `text` for lines that are none. Gaps and damage are always told. */
  readonly types?: readonly string[] | undefined;
  /** Holds for the text of the line. */
  readonly match?: RegExp | undefined;
}

/** True for what the filter lets through. What happens to the port and to records always passes. */
export function passes(event: MonitorEvent, { level, types, match }: EventFilter): boolean {
  if (event.kind !== "record" && event.kind !== "text") return true;
  if (level !== undefined && LEVELS.indexOf(levelOf(event)) < LEVELS.indexOf(level)) return false;
  const type = event.kind === "record" ? event.record.type : "text";
  if (types !== undefined && !types.includes(type)) return false;
  return match === undefined || match.test(lineOf(event));
}

/** The line as it was, without number and checksum. */
function lineOf(event: MonitorEvent): string {
  if (event.kind === "text" || event.kind === "damaged") return event.text;
  if (event.kind !== "record") return "";
  const fields = [...event.record.fields].map(([key, value]) => `${key}=${value}`);
  return [`t=${event.record.type}`, ...fields].join(" ");
}
