/** `isnkit provision`: gives boards their keys. Nothing here ever sees one: only fingerprints come out. */
import { randomBytes } from "node:crypto";
import { dirname, extname, resolve } from "node:path";
import { readBench } from "../boards/bench-file.ts";
import {
  type DeskSelector,
  isDeskSelector,
  needsBench,
  parseBoardSelector,
} from "../boards/board-selector.ts";
import { formatDurationUs } from "../core/duration.ts";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import { printable, printableJson } from "../core/plain-text.ts";
import { watchFolders } from "../desk/change-signal.ts";
import { openDesk } from "../desk/desk-board.ts";
import { pluggedBoards } from "../desk/plugged-boards.ts";
import { type SerialBoard, serialBoard } from "../desk/serial-board.ts";
import { type BatchStep, provisionBatch } from "../provision/provision-batch.ts";
import { csvLine, ndjsonLine, ProvisionRecord } from "../provision/provision-record.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { chooseDeskBoard } from "./desk-choice.ts";
import { mergeSettings, type Setting, type Settings } from "./settings.ts";
import { readCount, readListFormat } from "./shared-settings.ts";
import type { Terminal } from "./terminal.ts";

export const PROVISION_SCHEMA = "isnkit.provision/1";
const KEY_BYTES = 16;
/** How often a line looks for a new board when the system does not tell of it. */
const LOOK_MS = 1_000;
const SETTLE_MS = 200;

export async function provisionCommand(
  words: DeskArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const settings = mergeSettings(words.given, await readConfig(resolve(CONFIG_FILE)));
  const isBatch = words.has("batch");
  const recordFile = settings.get("record");
  const count = settings.get("count");
  if (count?.origin === "flag" && !isBatch) {
    throw new UsageError(
      "option-unused",
      `${count.place} has no meaning without --batch`,
      "leave it out",
    );
  }
  const format = readListFormat(
    settings.get("format"),
    isBatch ? ["text", "ndjson", "csv"] : ["text", "json"],
  );
  const line = isBatch ? await openLine(settings) : await oneBoard(settings);
  const record =
    recordFile === undefined
      ? undefined
      : await ProvisionRecord.open(recordFile.text, recordFormat(recordFile));
  const forget = terminal.onInterrupt(() => line.stop());
  if (isBatch) terminal.err("isnkit: plug in the next board; Ctrl-C ends the line\n");
  let failures = 0;
  let boards = 0;
  try {
    const steps = provisionBatch({
      boards: line.boards,
      newKey: () => randomBytes(KEY_BYTES),
      replace: words.has("replace"),
      newDevice: words.has("new"),
      now: () => new Date().toISOString(),
      ...(record === undefined ? {} : { record }),
      ...(isBatch && count === undefined ? {} : { count: readCount(count) }),
    });
    for await (const step of steps) {
      boards++;
      if (step.error !== undefined) failures++;
      await terminal.out(stepText(step, format));
      if (isBatch) tellFailure(step, terminal);
      else if (step.error !== undefined) throw step.error;
    }
  } finally {
    forget();
    line.stop();
    await record?.close();
  }
  if (isBatch) terminal.err(`isnkit: ${boards - failures} of ${boards} boards provisioned\n`);
  return failures === 0 ? EXIT.pass : EXIT.bench;
}

interface Line {
  readonly boards: AsyncIterable<SerialBoard>;
  readonly stop: () => void;
}

async function oneBoard(settings: Settings): Promise<Line> {
  const { board, desk } = await chooseDeskBoard(settings, "provision");
  async function* boards() {
    yield serialBoard(board, desk);
  }
  return { boards: boards(), stop: () => undefined };
}

/** The boards that `--board` names, several of them with commas between, as they are plugged in. */
async function openLine(settings: Settings): Promise<Line> {
  const bench = await readBench(settings.get("bench")?.text);
  const names = [...bench.boards.keys()];
  const selectors = lineSelectors(settings.get("board"), names);
  const desk = await openDesk(bench);
  let over = false;
  const signal = watchFolders({
    folders: ["/dev", ...portFolders(selectors, bench.boards)],
    everyMs: LOOK_MS,
    settleMs: SETTLE_MS,
  });
  async function* boards() {
    for await (const board of pluggedBoards(selectors, desk, signal, () => over)) {
      yield serialBoard(board, desk);
    }
  }
  const stop = () => {
    over = true;
    signal.close();
  };
  return { boards: boards(), stop };
}

function lineSelectors(setting: Setting | undefined, names: readonly string[]): DeskSelector[] {
  const words = setting?.text.split(",").map((word) => word.trim()) ?? names;
  const place = setting?.place ?? "--board";
  if (words.length === 0) {
    throw new UsageError(
      "no-board",
      "which boards come down the line is not said (command line)",
      "add --board usb:<vid>:<pid>, or names of bench.json with commas between",
    );
  }
  return words.map((word) => {
    const selector = needsBench(word)
      ? parseBoardSelector(word, place, { generators: [], bench: names })
      : undefined;
    if (selector !== undefined && isDeskSelector(selector)) return selector;
    throw new UsageError(
      "no-desk-board",
      `${JSON.stringify(word)} is no board on a desk (${place})`,
      "name serial ports, usb:<vid>:<pid>, or names of bench.json",
    );
  });
}

function portFolders(
  selectors: readonly DeskSelector[],
  boards: ReadonlyMap<string, { port?: string | undefined }>,
): string[] {
  const paths = selectors.map((selector) => {
    if (selector.kind === "port") return selector.path;
    return selector.kind === "bench" ? boards.get(selector.name)?.port : undefined;
  });
  return [...new Set(paths.flatMap((path) => (path === undefined ? [] : [dirname(path)])))];
}

function recordFormat({ text, place }: Setting): "csv" | "ndjson" {
  const extension = extname(text);
  if (extension === ".csv") return "csv";
  if (extension === ".ndjson" || extension === ".jsonl") return "ndjson";
  throw new UsageError(
    "unknown-format",
    `${JSON.stringify(text)} does not say which format the record has (${place})`,
    "give it the ending .csv or .ndjson",
  );
}

function stepText(step: BatchStep, format: string): string {
  const { entry, provisioned } = step;
  if (format === "csv") return csvLine(entry);
  if (format === "ndjson") return ndjsonLine(entry);
  if (format === "json") {
    const { quietMs, boots } = provisioned ?? { quietMs: 0, boots: 0 };
    return `${printableJson({ schema: PROVISION_SCHEMA, ...entry, quietMs, boots })}\n`;
  }
  if (provisioned === undefined) return "";
  const name = printable(entry.board + (entry.serial === "" ? "" : ` (${entry.serial})`));
  const { fingerprint, replaced, quietMs } = provisioned;
  const was = replaced === undefined ? "has a key" : `has another key (it was ${replaced})`;
  return `${name} ${was}: fingerprint ${fingerprint}${quietText(quietMs)}\n`;
}

function quietText(quietMs: number): string {
  if (quietMs === 0) return "";
  return `\n  it keeps quiet for ${formatDurationUs(quietMs * 1000)} now, as old segments may live (RFC 9293 §3.4.3)`;
}

function tellFailure({ error, entry }: BatchStep, terminal: Terminal): void {
  if (error === undefined) return;
  const what = entry.result === "duplicate" ? entry.detail : error.message;
  terminal.err(`isnkit: ${printable(`${entry.board}: ${what}`)}\n`);
}
