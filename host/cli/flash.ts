/** `isnkit flash`: a new module or firmware onto a board, told as done only when the device says so. */
import { basename, resolve } from "node:path";
import { EXIT, type ExitCode } from "../core/errors.ts";
import { ByteLine } from "../flash/byte-line.ts";
import { shortDigest } from "../flash/device-module.ts";
import { FlashDevice } from "../flash/flash-device.ts";
import { type FlashStep, flashModule } from "../flash/flash-module.ts";
import { type FlashReport, flashJson, flashText, moduleReport } from "../flash/flash-report.ts";
import { expectModule } from "../flash/module-image.ts";
import { TransferInterrupted } from "../flash/ymodem-sender.ts";
import { printable } from "../report/plain-text.ts";
import { openSerialLink } from "../serial/serial-link.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { chooseDeskBoard, type DeskChoice } from "./desk-choice.ts";
import type { DeskWords } from "./desk-commands.ts";
import { type FlashSettings, readFlashFile, readFlashSettings } from "./flash-settings.ts";
import { type Progress, progressOn } from "./progress.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** RFC 9293 §3.4.2, for boards without a description. */
const MSL_MS_USUAL = 120_000;

export async function flashCommand(words: DeskWords, terminal: Terminal): Promise<ExitCode> {
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
    if (!(error instanceof TransferInterrupted)) throw error;
    progress.clear();
    terminal.err("isnkit: interrupted; the device runs its old module\n");
    return EXIT.interrupted;
  } finally {
    progress.clear();
    forget();
  }
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
  return flashTheModule(flash, choice, edges);
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
