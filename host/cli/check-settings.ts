/** Reads the settings of `isnkit check`: what each means, its limits, and which exclude each other. */

import {
  type DeskSelector,
  isDeskSelector,
  parseBoardSelector,
  type SelectorNames,
} from "../boards/board-selector.ts";
import { RULE_IDS, type RuleId } from "../check/rule.ts";
import { type Address, parseAddress } from "../core/address.ts";
import { parseDurationUs } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { parseBootTimes } from "./boot-times.ts";
import { didYouMean } from "./did-you-mean.ts";
import { flagOf, type Setting, type SettingName, type Settings } from "./settings.ts";
import { MSL_DEFAULT, readListFormat, readMsl, readOutput } from "./shared-settings.ts";

export interface BoardJob {
  readonly kind: "board";
  /** As it was given: `sim`, `sim:random`. */
  readonly board: string;
  readonly generator: string;
  readonly reboots: number;
  /** u32; undefined: draw one. */
  readonly seed: number | undefined;
}

export interface EmulatedJob {
  readonly kind: "emulated";
  /** As it was given: `qemu:lm3s6965evb`, `rp2040js:rpi-pico`. */
  readonly board: string;
  readonly reboots: number;
  readonly seed: number | undefined;
}

/** A board on a serial line: a path, `usb:…`, or a name of bench.json. */
export interface DeskJob {
  readonly kind: "desk";
  /** As it was given. */
  readonly board: string;
  readonly selector: DeskSelector;
  readonly reboots: number;
  readonly seed: number | undefined;
}

export interface CaptureJob {
  readonly kind: "capture";
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly device: Address;
  readonly bootGapUs: number | undefined;
  readonly bootTimesUs: readonly number[] | undefined;
  /** The options about boots, for a replay. */
  readonly bootOptions: readonly string[];
}

export interface CheckSettings {
  readonly job: BoardJob | EmulatedJob | DeskJob | CaptureJob;
  /** Rules named on purpose; undefined: the usual ones of the source. */
  readonly rules: readonly RuleId[] | undefined;
  readonly mslUs: number;
  /** The text of --msl when it was given. */
  readonly msl: string | undefined;
  readonly format: CheckFormat;
  readonly output: string | undefined;
  /** A new file for the samples of a board; undefined: beside the output. */
  readonly keep: string | undefined;
  /** The bench file, if it is not bench.json. */
  readonly bench: string | undefined;
}

export const DEFAULTS = {
  board: "sim",
  reboots: "1000",
  emulatedReboots: "20",
  msl: MSL_DEFAULT,
  format: "text",
} as const;
export const REBOOTS_MAX = 10_000_000;
export const CHECK_FORMATS = ["text", "json", "html", "junit", "markdown"] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];
const BOARD_ONLY: readonly SettingName[] = ["reboots", "seed"];
const CAPTURE_ONLY: readonly SettingName[] = ["device", "bootGap", "bootsAt"];

/**
 * `generators`: what `sim:<name>` can be; `bench`: names of bench.json. Throws UsageError for whatever
 * cannot be meant.
 */
export function readCheckSettings(
  settings: Settings,
  generators: readonly string[],
  bench: readonly string[] = [],
): CheckSettings {
  const rules = settings.get("rules");
  const msl = settings.get("msl");
  const job = readJob(settings, { generators, bench });
  expectKeepable(job, settings);
  return {
    job,
    rules: rules === undefined ? undefined : parseRuleIds(rules),
    // On the virtual board the module itself takes it.
    mslUs: readMsl(msl, job.kind === "board" ? "module" : "judge"),
    msl: msl?.text,
    format: readListFormat(settings.get("format"), CHECK_FORMATS),
    output: readOutput(settings.get("output")),
    keep: settings.get("keep")?.text,
    bench: settings.get("bench")?.text,
  };
}

/** A simulation is made again from its seed, and a capture is there already. */
function expectKeepable(job: CheckSettings["job"], settings: Settings): void {
  const setting = settings.get("keep") ?? settings.get("resume");
  if (setting?.origin !== "flag" || job.kind === "emulated" || job.kind === "desk") return;
  throw new UsageError(
    "option-unused",
    `${setting.place} has no meaning with ${job.kind === "capture" ? "a capture" : job.board}`,
    "leave it out: it is for emulated and real boards",
  );
}

function readJob(
  settings: Settings,
  names: SelectorNames,
): BoardJob | EmulatedJob | DeskJob | CaptureJob {
  const board = settings.get("board");
  const capture = settings.get("capture");
  if (board !== undefined && capture !== undefined && board.rank === capture.rank) {
    throw new UsageError(
      "two-sources",
      `${board.place} and ${capture.place} exclude each other`,
      "check a board or a capture: leave one of them out",
    );
  }
  const isCapture = capture !== undefined && capture.rank > (board?.rank ?? 0);
  const foreign = (isCapture ? BOARD_ONLY : CAPTURE_ONLY)
    .map((name) => settings.get(name))
    // A setting from the environment or the config file may be meant for other runs.
    .find((setting) => setting?.origin === "flag");
  if (foreign !== undefined) {
    throw new UsageError(
      "option-unused",
      `${foreign.place} has no meaning ${isCapture ? "with a capture" : "without --capture"}`,
      isCapture ? "leave it out" : `add --capture FILE, or leave it out`,
    );
  }
  return isCapture ? readCaptureJob(capture, settings) : readBoardJob(board, settings, names);
}

function readBoardJob(
  setting: Setting | undefined,
  settings: Settings,
  names: SelectorNames,
): BoardJob | EmulatedJob | DeskJob {
  const board = setting?.text ?? DEFAULTS.board;
  const place = setting?.place ?? flagOf("board");
  const selector = parseBoardSelector(board, place, names);
  const inRealTime = selector.kind !== "sim";
  const reboots = readWhole(settings.get("reboots"), {
    name: "reboots",
    fallback: Number(inRealTime ? DEFAULTS.emulatedReboots : DEFAULTS.reboots),
    min: 1,
    max: REBOOTS_MAX,
  });
  const given = settings.get("seed");
  const seed = given && readWhole(given, { name: "seed", fallback: 0, min: 0, max: 0xffff_ffff });
  if (selector.kind === "sim") {
    return { kind: "board", board, generator: selector.generator, reboots, seed };
  }
  const msl = settings.get("msl");
  if (msl?.origin === "flag") {
    throw new UsageError(
      "option-unused",
      `${msl.place} has no meaning with ${board}`,
      "leave it out: the board's description says what its firmware takes for the MSL",
    );
  }
  if (isDeskSelector(selector)) return { kind: "desk", board, selector, reboots, seed };
  return { kind: "emulated", board, reboots, seed };
}

function readCaptureJob(capture: Setting, settings: Settings): CaptureJob {
  if (capture.text === "") {
    throw new UsageError("no-capture", `${capture.place} is empty`, "name a pcap or pcapng file");
  }
  const device = settings.get("device");
  if (device === undefined) {
    throw new UsageError(
      "no-device",
      `${capture.place} needs to know which host is the device`,
      "add --device IP, the address from which the device sends",
    );
  }
  const gap = settings.get("bootGap");
  const at = settings.get("bootsAt");
  if (gap !== undefined && at !== undefined) {
    throw new UsageError(
      "two-boot-options",
      `${gap.place} and ${at.place} exclude each other`,
      "give the silence that means a boot, or the times of the boots",
    );
  }
  const bootOptions = [
    ...(gap === undefined ? [] : [flagOf("bootGap"), gap.text]),
    ...(at === undefined ? [] : [flagOf("bootsAt"), at.text]),
  ];
  return {
    kind: "capture",
    file: capture.text,
    device: parseAddress(device.text),
    bootGapUs: gap === undefined ? undefined : positive(parseDurationUs(gap.text, gap.place), gap),
    bootTimesUs: at === undefined ? undefined : parseBootTimes(at.text, at.place),
    bootOptions,
  };
}

/** Reads a list such as `isn-reuse,quiet-time`. Throws UsageError `unknown-rule` or `no-rules`. */
function parseRuleIds({ text, place }: Pick<Setting, "text" | "place">): readonly RuleId[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) {
    throw new UsageError(
      "no-rules",
      `no rule is named (${place})`,
      "name some, as in --rules isn-reuse,isn-backward; `isnkit check --list-rules` lists them",
    );
  }
  return [...new Set(names)].map((name) => {
    const id = RULE_IDS.find((one) => one === name);
    if (id !== undefined) return id;
    throw new UsageError(
      "unknown-rule",
      `${JSON.stringify(name)} is not a rule (${place})`,
      `${didYouMean(name, RULE_IDS)}the rules are ${RULE_IDS.join(", ")}`,
    );
  });
}

function positive(us: number, setting: Setting): number {
  if (us > 0) return us;
  throw new UsageError(
    "bad-duration",
    `${JSON.stringify(setting.text)} is no silence (${setting.place})`,
    "give a duration above zero, such as 2s",
  );
}

interface WholeLimits {
  readonly name: SettingName;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

function readWhole(setting: Setting | undefined, limits: WholeLimits): number {
  if (setting === undefined) return limits.fallback;
  const { text, place } = setting;
  const value = /^(0[xX][0-9a-fA-F]{1,8}|\d{1,12})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= limits.min && value <= limits.max) return value;
  throw new UsageError(
    `bad-${limits.name}`,
    `${JSON.stringify(text)} is no number of ${limits.min} to ${limits.max} (${place})`,
    `give a whole number, as in ${flagOf(limits.name)} ${limits.name === "seed" ? "42 or 0x2a" : "1000"}`,
  );
}
