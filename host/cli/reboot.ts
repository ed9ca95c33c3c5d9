/** `isnkit reboot`: reboots a board on the desk, and tells what proves each reboot. */
import { resolve } from "node:path";
import { pickRungs } from "../boards/rung.ts";
import { EXIT, type ExitCode, IsnkitError } from "../core/errors.ts";
import { printable } from "../core/plain-text.ts";
import { serialBoard } from "../desk/serial-board.ts";
import { type ProvenReboot, rebootBoard } from "../reboot/reboot-board.ts";
import { attemptText, type RebootRun, rebootJson, rebootText } from "../reboot/reboot-text.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { chooseDeskBoard } from "./desk-choice.ts";
import { progressOn } from "./progress.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings, type Settings } from "./settings.ts";
import { readCount, readListFormat, readOutput } from "./shared-settings.ts";
import type { Terminal } from "./terminal.ts";

export async function rebootCommand(words: DeskArguments, terminal: Terminal): Promise<ExitCode> {
  const settings = mergeSettings(words.given, await readConfig(resolve(CONFIG_FILE)));
  const format = readListFormat(settings.get("format"), ["text", "json"]);
  const output = readOutput(settings.get("output"));
  const count = readCount(settings.get("count"));
  await expectWritable(output);
  const { board, desk } = await chooseDeskBoard(settings, "reboot");
  const { connection, rungs } = serialBoard(board, desk);
  const picked = pickedRungs(settings, rungs);
  if (words.has("listRungs")) {
    await writeResults(terminal, `${picked.map(({ name }) => name).join("\n")}\n`, output);
    return EXIT.pass;
  }
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  const progress = progressOn(terminal, () => performance.now());
  const done: ProvenReboot[] = [];
  const lives = format === "text" && output === undefined;
  const ended = await endOf(async () => {
    const reboots = rebootBoard({
      connection,
      rungs: picked,
      count,
      signal: stop.signal,
      ...(board.description === undefined ? {} : { mslMs: board.description.mslMs }),
      onAttempt: (attempt) => {
        if (attempt.failure === undefined) return;
        progress.clear();
        terminal.err(`${printable(attemptText(attempt))}\n`);
      },
    });
    for await (const reboot of reboots) {
      done.push(reboot);
      progress.clear();
      if (lives) await terminal.out(rebootText(reboot, count));
      progress.tick(() => `reboot ${reboot.number} of ${count}`);
    }
  });
  progress.clear();
  forget();
  await connection.disconnect();
  const run = { board: board.name, count, reboots: done, ...errorOf(ended) };
  await report(run, { terminal, format, output, lives });
  if (stop.signal.aborted) return EXIT.interrupted;
  if (ended !== undefined) throw ended;
  return EXIT.pass;
}

function pickedRungs(settings: Settings, rungs: Parameters<typeof pickRungs>[0]) {
  const rung = settings.get("rung");
  return rung === undefined
    ? rungs
    : rung.text.split(",").flatMap((name) => pickRungs(rungs, name.trim(), rung.place));
}

async function report(
  run: RebootRun,
  how: { terminal: Terminal; format: string; output: string | undefined; lives: boolean },
): Promise<void> {
  const { terminal, output } = how;
  if (how.format === "json") return writeResults(terminal, rebootJson(run), output);
  const verdict = `${run.reboots.length} of ${run.count} reboots proved\n`;
  if (how.lives) return terminal.out(verdict);
  const lines = run.reboots.map((reboot) => rebootText(reboot, run.count));
  await writeResults(terminal, [...lines, verdict].join(""), output);
}

async function endOf(work: () => Promise<void>): Promise<IsnkitError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof IsnkitError) return error;
    throw error;
  }
}

function errorOf(error: IsnkitError | undefined): Pick<RebootRun, "error"> {
  if (error === undefined) return {};
  const { code, message, next } = error;
  return { error: { code, message, next } };
}
