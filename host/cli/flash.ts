/** `isnkit flash`: a new module or firmware onto a board, told as done only when the device says so. */
import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { ByteLine } from "../console/byte-line.ts";
import { openSerialLink, type SerialLink } from "../console/serial-link.ts";
import { BenchError, EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import { printable } from "../core/plain-text.ts";
import type { DeskBoard } from "../desk/desk-board.ts";
import { shortDigest } from "../flash/device-module.ts";
import { FlashDevice } from "../flash/flash-device.ts";
import { type FlashStep, flashModule } from "../flash/flash-module.ts";
import { type FlashReport, flashJson, flashText, moduleReport } from "../flash/flash-report.ts";
import { expectModule } from "../flash/module-image.ts";
import { TransferInterrupted } from "../flash/ymodem-sender.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { chooseDeskBoard, type DeskChoice } from "./desk-choice.ts";
import { type FlashSettings, readFlashFile, readFlashSettings } from "./flash-settings.ts";
import { type Progress, progressOn } from "./progress.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** RFC 9293 §3.4.2, for boards without a description. */
const MSL_MS_USUAL = 120_000;

export async function flashCommand(words: DeskArguments, terminal: Terminal): Promise<ExitCode> {
  const settings = mergeSettings(words.given, await readConfig(resolve(CONFIG_FILE)));
  const flash = readFlashSettings(settings, { wipeJournal: words.has("wipeJournal") });
  await expectWritable(flash.output);
  const choice = await chooseDeskBoard(settings, "flash");
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  const progress = progressOn(terminal, () => performance.now());
  try {
    const report = await flashBoard(flash, choice, { terminal, progress, signal: stop.signal });
    progress.clear();
    const text = flash.format === "json" ? flashJson(report) : flashText(report);
    await writeResults(terminal, text, flash.output);
    return EXIT.pass;
  } catch (error) {
    const isInterrupted =
      stop.signal.aborted && (error instanceof TransferInterrupted || isInterrupt(error));
    if (!isInterrupted) throw error;
    progress.clear();
    const rest =
      flash.kind === "module" ? "the device runs its old module" : "flash the board again";
    terminal.err(`isnkit: interrupted; ${rest}\n`);
    return EXIT.interrupted;
  } finally {
    progress.clear();
    forget();
  }
}

function isInterrupt(error: unknown): boolean {
  return error instanceof BenchError && error.code === "interrupted";
}

interface Edges {
  readonly terminal: Terminal;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function flashBoard(
  flash: FlashSettings,
  choice: DeskChoice,
  edges: Edges,
): Promise<FlashReport> {
  return flash.kind === "module"
    ? flashTheModule(flash, choice, edges)
    : flashTheFirmware(flash, choice, edges);
}

async function flashTheFirmware(
  flash: FlashSettings,
  { board, desk }: DeskChoice,
  { terminal, progress, signal }: Edges,
): Promise<FlashReport> {
  const { chooseMethod, flashFirmware, methodName } = await import("../flash/flash-firmware.ts");
  const { description, usb } = board;
  if (description === undefined) throw unknownModel(board.selector);
  const { method: wanted, volume, wipeJournal } = flash;
  const method = chooseMethod(description, wanted?.text, wanted?.place ?? "");
  const file = await readFlashFile(flash.file, "firmware");
  const { serialBoard } = await import("../desk/serial-board.ts");
  const { connection } = serialBoard(board, desk);
  const after = await flashFirmware({
    file,
    path: flash.file,
    description,
    method,
    board: { port: board.path, ...(usb?.serial === undefined ? {} : { serial: usb.serial }) },
    ...(volume === undefined ? {} : { volume }),
    wipeJournal,
    edges: {
      sleep: connection.edges.sleep,
      open: async (parity) => openWhenThere(board, () => connection.locate(), parity),
    },
    signal,
    onStep: (words, done, of) => {
      if (of !== undefined) {
        progress.tick(() => printable(of === 0 ? words : `${words} ${bar(done ?? 0, of)}`));
        return;
      }
      progress.clear();
      terminal.err(`isnkit: ${printable(words)}\n`);
    },
  });
  return {
    board: board.name,
    method: methodName(method),
    sha256: createHash("sha256").update(file).digest("hex"),
    bytes: file.length,
    unchanged: false,
    after,
    journal: wipeJournal ? "wiped" : "kept",
    quietMs: wipeJournal ? 2 * description.mslMs : 0,
  };
}

/** How long a board may be away between boot loader and firmware, and how often it is looked for. */
const AWAY_MS = 20_000;
const LOOK_MS = 50;

/** Opens the port where it is now; a board that restarts on USB comes back under another name. */
async function openWhenThere(
  board: DeskBoard,
  locate: () => Promise<string | undefined>,
  parity: "none" | "even",
): Promise<SerialLink> {
  const deadlineMs = performance.now() + AWAY_MS;
  for (;;) {
    const path = await locate();
    try {
      if (path !== undefined) return await openSerialLink({ path, baud: board.baud, parity });
    } catch (error) {
      if (performance.now() >= deadlineMs) throw error;
    }
    if (performance.now() >= deadlineMs) {
      throw new BenchError(
        "port-missing",
        `${board.name} did not come back within ${AWAY_MS / 1000} s`,
        "plug it in again; `isnkit boards --watch` shows what comes and goes",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function unknownModel(selector: string): UsageError {
  return new UsageError(
    "unknown-model",
    `which model ${selector} is, is not known`,
    "give it a name and a model in bench.json (docs/boards.md), and name that",
  );
}

async function flashTheModule(
  flash: FlashSettings,
  { board }: DeskChoice,
  { terminal, progress, signal }: Edges,
): Promise<FlashReport> {
  const image = expectModule(await readFlashFile(flash.file, "module"), flash.file);
  const link = await openSerialLink({ path: board.path, baud: board.baud });
  try {
    const firstId = Math.floor(Math.random() * 1_000_000);
    const device = new FlashDevice(new ByteLine(link, { firstId }));
    const done = await flashModule({
      device,
      image,
      name: basename(flash.file),
      wipeJournal: flash.wipeJournal,
      signal,
      onStep: (step) => tell(step, terminal, progress),
    });
    return moduleReport(board.name, done, image, board.description?.mslMs ?? MSL_MS_USUAL);
  } finally {
    await link.close();
  }
}

const BAR_CHARACTERS = 24;

/** `[######------] 45 %`. */
function bar(done: number, of: number): string {
  const part = of === 0 ? 1 : done / of;
  const full = Math.round(part * BAR_CHARACTERS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CHARACTERS - full)}] ${Math.round(part * 100)} %`;
}

function tell(step: FlashStep, terminal: Terminal, progress: Progress): void {
  if (step.step === "sending") {
    progress.tick(() => `sending to slot ${step.slot} ${bar(step.bytes, step.of)}`);
    return;
  }
  progress.clear();
  terminal.err(`isnkit: ${printable(stepText(step))}\n`);
}

function stepText(step: Exclude<FlashStep, { step: "sending" }>): string {
  switch (step.step) {
    case "found": {
      const { board, runtime, module, slot } = step.device;
      return `found ${board} over ${runtime}, module ${shortDigest(module)} in slot ${slot}`;
    }
    case "checking":
      return "sent; the device checks it: hash, form, ABI, self test, rehearsal on a copy of its journal";
    case "trying":
      return `on trial in slot ${step.device.slot}, boot count ${step.device.boots}`;
    case "confirmed":
      return `the device confirms module ${shortDigest(step.device.module)}`;
    case "wiping":
      return "wiping the journal, as you asked";
  }
}
