/** Reads the settings of `isnkit simulate`: what each means, its limits, and which exclude each other. */

import { isEmulatedBoard, parseEmulatedBoard } from "../boards/emulated-selector.ts";
import { UsageError } from "../core/errors.ts";
import { type CaseName, parseCaseName } from "../simulate/case-text.ts";
import { REPLAY_BOARD } from "../simulate/on-board/board-case.ts";
import { parseShard, type Shard, shardOfJob } from "../simulate/shard.ts";
import { FAULT_KINDS, type FaultKind } from "../virtual/fault-kinds.ts";
import { didYouMean } from "./did-you-mean.ts";
import { flagOf, type Setting, type SettingName, type Settings } from "./settings.ts";
import { readListFormat, readMsl, readOutput } from "./shared-settings.ts";

export const SIMULATE_FORMATS = ["text", "json", "html", "junit", "markdown"] as const;
export type SimulateFormat = (typeof SIMULATE_FORMATS)[number];

export interface SimulateWords {
  readonly board: string;
  readonly generator: string;
  /** A campaign file. */
  readonly campaign: string | undefined;
  /** undefined: the campaign file's, or the default. */
  readonly reboots: number | undefined;
  readonly seed: number | undefined;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly mslUs: number | undefined;
  readonly depth: 1 | 2 | undefined;
  readonly shard: Shard | undefined;
  readonly case: CaseName | undefined;
  readonly workers: number | undefined;
  readonly format: SimulateFormat;
  readonly output: string | undefined;
  /** Flags that decide the cases, as a replay has to spell them. */
  readonly flags: readonly string[];
}

export const DEFAULT_REBOOTS = 10_000;
const SIMULATE_REBOOTS_MAX = 1_000_000_000;
const WORKERS_MAX = 256;

/** `generators`: what `sim:<name>` can be. Throws UsageError for whatever cannot be meant. */
export function readSimulateSettings(
  settings: Settings,
  generators: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): SimulateWords {
  const depth = readDepth(settings.get("exhaustive"));
  const name = settings.get("case");
  const parsed = name === undefined ? undefined : parseCaseName(name.text, name.place);
  refuseTogether(settings, "case", ["shard", "shards"]);
  if (depth !== undefined) refuseTogether(settings, "exhaustive", ["reboots", "faults"]);
  const board = readBoard(settings.get("board"), generators);
  if (isEmulatedBoard(board.board)) expectOneCase(settings, board.board);
  if (depth !== undefined && board.generator !== generators[0]) {
    throw new UsageError(
      "option-unused",
      `${flagOf("exhaustive")} has no meaning with ${board.board}: it cuts the module's own journal`,
      "leave one of them out",
    );
  }
  const msl = settings.get("msl");
  const workers = wholeOf(settings, "workers", 1, WORKERS_MAX);
  return {
    ...board,
    campaign: settings.get("campaign")?.text,
    reboots: wholeOf(settings, "reboots", 1, SIMULATE_REBOOTS_MAX),
    seed: wholeOf(settings, "seed", 0, 0xffff_ffff),
    faults: readFaults(settings.get("faults")),
    mslUs: msl && readMsl(msl, "module"),
    depth,
    shard: readShard(settings, environment),
    case: parsed,
    workers,
    format: readListFormat(settings.get("format"), SIMULATE_FORMATS),
    output: readOutput(settings.get("output")),
    flags: spelled(settings),
  };
}

/** In a fixed order, so that the same run is spelled the same. */
function spelled(settings: Settings): string[] {
  const names: readonly SettingName[] = ["campaign", "exhaustive", "reboots", "faults", "msl"];
  return names.flatMap((name) => {
    const setting = settings.get(name);
    return setting === undefined ? [] : [flagOf(name), setting.text];
  });
}

function readBoard(
  setting: Setting | undefined,
  generators: readonly string[],
): { board: string; generator: string } {
  const board = setting?.text ?? "sim";
  const generator = board === "sim" ? "isnkit" : board.replace(/^sim:/, "");
  if (board === "sim" || (board.startsWith("sim:") && generators.includes(generator))) {
    return { board, generator };
  }
  // Its firmware holds the module; one case at a time is played on it.
  if (isEmulatedBoard(board)) return { board, generator: generators[0] ?? "isnkit" };
  const boards = ["sim", ...generators.map((name) => `sim:${name}`)];
  throw new UsageError(
    "unknown-board",
    `no simulated board matches ${JSON.stringify(board)} (${setting?.place})`,
    `${didYouMean(board, boards)}the boards are ${boards.join(", ")}; an emulated one plays a single case (--case … --board ${REPLAY_BOARD}), and real ones are for isnkit check`,
  );
}

/** Emulated boards play single cases, on firmware that is driven over its console. */
function expectOneCase(settings: Settings, board: string): void {
  const { firmware } = parseEmulatedBoard(board);
  if (firmware !== undefined && firmware !== "wasm2c" && firmware !== "wasm3") {
    throw new UsageError(
      "unknown-board",
      `cases are not played on the firmware ${firmware} (${settings.get("board")?.place})`,
      `give ${REPLAY_BOARD}, or :wasm3 behind it`,
    );
  }
  if (settings.get("case") !== undefined && settings.get("exhaustive") === undefined) return;
  throw new UsageError(
    "not-on-board",
    `${board} plays one case of a run with reboots, and ${settings.get("exhaustive") === undefined ? "no case is named" : "exhaustive mode cuts the module's own journal"} (${settings.get("board")?.place})`,
    `name one: isnkit simulate --case SEED:INDEX --board ${REPLAY_BOARD}; isnkit check reboots emulated boards`,
  );
}

function readShard(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Shard | undefined {
  const shard = settings.get("shard");
  if (shard !== undefined) return parseShard(shard.text, shard.place);
  const of = wholeOf(settings, "shards", 1, 10_000);
  if (of === undefined) return undefined;
  const job = environment.JOB_COMPLETION_INDEX;
  if (job !== undefined) return shardOfJob(job, of, "JOB_COMPLETION_INDEX");
  throw new UsageError(
    "no-shard",
    `${settings.get("shards")?.place} says how many shards there are, and nothing says which one this is`,
    "give --shard 1/4 instead, or run it as an indexed job, which sets JOB_COMPLETION_INDEX",
  );
}

function refuseTogether(
  settings: Settings,
  name: SettingName,
  others: readonly SettingName[],
): void {
  const setting = settings.get(name);
  if (setting === undefined) return;
  const other = others.map((one) => settings.get(one)).find((one) => one?.origin === "flag");
  if (other === undefined) return;
  throw new UsageError(
    "option-unused",
    `${other.place} has no meaning with ${setting.place}`,
    "leave one of them out",
  );
}

/** `bit-rot=0.1,lost-storage=0`. */
function readFaults(setting: Setting | undefined): Partial<Record<FaultKind, number>> {
  const rates: Partial<Record<FaultKind, number>> = {};
  for (const part of setting?.text.split(",") ?? []) {
    const [name = "", text = ""] = part.trim().split("=");
    const kind = FAULT_KINDS.find((one) => one === name);
    if (kind === undefined) {
      throw new UsageError(
        "unknown-fault",
        `${JSON.stringify(name)} is no fault (${setting?.place})`,
        `${didYouMean(name, FAULT_KINDS)}the faults are ${FAULT_KINDS.join(", ")}`,
      );
    }
    const rate = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(rate >= 0 && rate <= 1)) {
      throw new UsageError(
        "bad-rate",
        `${JSON.stringify(part)} has no rate from 0 to 1 (${setting?.place})`,
        `give the chance in a boot: ${flagOf("faults")} bit-rot=0.1,lost-storage=0`,
      );
    }
    rates[kind] = rate;
  }
  return rates;
}

function readDepth(setting: Setting | undefined): 1 | 2 | undefined {
  if (setting === undefined) return undefined;
  if (setting.text === "1") return 1;
  if (setting.text === "2") return 2;
  throw new UsageError(
    "bad-depth",
    `${JSON.stringify(setting.text)} is no depth (${setting.place})`,
    "give 1 (every power cut) or 2 (every power cut, and every one in the recovery from it)",
  );
}

function wholeOf(
  settings: Settings,
  name: SettingName,
  min: number,
  max: number,
): number | undefined {
  const setting = settings.get(name);
  if (setting === undefined) return undefined;
  const { text, place } = setting;
  const value = /^(0[xX][0-9a-fA-F]{1,8}|\d{1,12})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `bad-${name}`,
    `${JSON.stringify(text)} is no number of ${min} to ${max} (${place})`,
    `give a whole number, as in ${flagOf(name)} ${Math.min(max, Math.max(min, 4))}`,
  );
}
