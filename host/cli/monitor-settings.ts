/** Reads the settings of `isnkit monitor`: what each means, and its limits. */

import {
  type BoardSelector,
  parseBoardSelector,
  type SelectorNames,
} from "../boards/board-selector.ts";
import { UsageError } from "../core/errors.ts";
import { parseSizeBytes } from "../core/size.ts";
import { type EventFilter, LEVELS } from "../monitor/monitor-event.ts";
import type { RotatingLogOptions } from "../monitor/rotating-log.ts";
import { didYouMean } from "./did-you-mean.ts";
import { flagOf, type Setting, type Settings } from "./settings.ts";

export const MONITOR_FORMATS = ["text", "ndjson"] as const;
export type MonitorFormat = (typeof MONITOR_FORMATS)[number];

export interface MonitorSettings {
  readonly selector: BoardSelector;
  readonly baud: number | undefined;
  readonly filter: EventFilter;
  readonly log: RotatingLogOptions | undefined;
  readonly format: MonitorFormat;
}

const LOG_SIZE = "10MB";
const LOG_KEEP = "5";
const LOG_SIZE_MIN_BYTES = 1000;
const LOG_KEEP_MAX = 1000;

/** `argument`: the board as a word of its own. Throws UsageError for whatever cannot be meant. */
export function readMonitorSettings(
  settings: Settings,
  argument: string | undefined,
  names: SelectorNames,
): MonitorSettings {
  const given = settings.get("board");
  const [text, place] =
    argument === undefined ? [given?.text, given?.place] : [argument, "command line"];
  if (text === undefined || text === "") {
    throw new UsageError(
      "no-board",
      "no board is named (command line)",
      "name one, as in isnkit monitor /dev/ttyACM0; `isnkit boards` lists what is attached",
    );
  }
  return {
    selector: parseBoardSelector(text, place ?? flagOf("board"), names),
    baud: readBaud(settings.get("baud")),
    filter: readFilter(settings),
    log: readLog(settings),
    format: readWord(settings.get("format"), MONITOR_FORMATS, "unknown-format") ?? "text",
  };
}

function readFilter(settings: Settings): EventFilter {
  const types = settings.get("type");
  return {
    level: readWord(settings.get("level"), LEVELS, "unknown-level"),
    types: types === undefined ? undefined : readTypes(types),
    match: readMatch(settings.get("match")),
  };
}

function readTypes({ text, place }: Setting): readonly string[] {
  const types = text.split(",").map((type) => type.trim());
  if (types.every((type) => /^[a-z0-9-]+$/.test(type))) return types;
  throw new UsageError(
    "bad-type",
    `${JSON.stringify(text)} is no list of record types (${place})`,
    "give types as they are in t=…, and text for lines without one: --type open,used,text",
  );
}

function readMatch(setting: Setting | undefined): RegExp | undefined {
  if (setting === undefined) return undefined;
  try {
    return new RegExp(setting.text, "u");
  } catch (error) {
    throw new UsageError(
      "bad-match",
      `${JSON.stringify(setting.text)} is no regular expression (${setting.place}): ${error instanceof Error ? error.message : error}`,
      "write it as in JavaScript: --match 'lp=1024|refused'",
    );
  }
}

function readLog(settings: Settings): RotatingLogOptions | undefined {
  const file = settings.get("log");
  const size = settings.get("logSize");
  const keep = settings.get("logKeep");
  if (file === undefined) {
    const unused = [size, keep].find((setting) => setting?.origin === "flag");
    if (unused === undefined) return undefined;
    throw new UsageError(
      "option-unused",
      `${unused.place} has no meaning without --log`,
      "add --log FILE, or leave it out",
    );
  }
  if (file.text === "") {
    throw new UsageError("bad-output", `${file.place} is empty`, "name a file to write to");
  }
  const bytesMax = parseSizeBytes(size?.text ?? LOG_SIZE, size?.place ?? flagOf("logSize"));
  if (bytesMax < LOG_SIZE_MIN_BYTES) {
    throw new UsageError(
      "bad-size",
      `${size?.text} is too small (${size?.place})`,
      "give 1KB or more",
    );
  }
  const kept = readWhole(keep?.text ?? LOG_KEEP, keep?.place ?? flagOf("logKeep"), LOG_KEEP_MAX);
  return { file: file.text, bytesMax, keep: kept };
}

function readBaud(setting: Setting | undefined): number | undefined {
  // The limits of a baud rate are those of the port.
  return setting === undefined ? undefined : readWhole(setting.text, setting.place, 12_000_000);
}

function readWhole(text: string, place: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new UsageError(
    "bad-number",
    `${JSON.stringify(text)} is no number of 0 to ${max} (${place})`,
    "give a whole number",
  );
}

function readWord<T extends string>(
  setting: Setting | undefined,
  words: readonly T[],
  code: string,
): T | undefined {
  if (setting === undefined) return undefined;
  const word = words.find((one) => one === setting.text);
  if (word !== undefined) return word;
  throw new UsageError(
    code,
    `${JSON.stringify(setting.text)} is not understood (${setting.place})`,
    `${didYouMean(setting.text, words)}give one of ${words.join(", ")}`,
  );
}
