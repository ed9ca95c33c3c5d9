/** `isnkit monitor`: the console of a board, on the terminal, in a log, or as NDJSON. */

import { resolve } from "node:path";
import { type Bench, readBench } from "../boards/bench-file.ts";
import { type BoardSelector, needsBench } from "../boards/board-selector.ts";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import { findDeskBoard, openDesk } from "../desk/desk-board.ts";
import { ConsoleMonitor } from "../monitor/console-monitor.ts";
import { type ConsoleSource, deskSource, emulatedSource } from "../monitor/console-source.ts";
import { sendKeystrokes } from "../monitor/keystrokes.ts";
import { type MonitorEvent, passes } from "../monitor/monitor-event.ts";
import { monitorJson } from "../monitor/monitor-json.ts";
import { type MonitorPaint, MonitorText, NO_MONITOR_PAINT } from "../monitor/monitor-text.ts";
import { RotatingLog } from "../monitor/rotating-log.ts";
import { nowUs } from "../system/clock.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import {
  type MonitorFormat,
  type MonitorSettings,
  readMonitorSettings,
} from "./monitor-settings.ts";
import { monitorPaintFor } from "./paint.ts";
import { mergeSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export async function monitorCommand(words: DeskArguments, terminal: Terminal): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const merged = mergeSettings(words.given, config);
  const wanted = words.argument ?? merged.get("board")?.text ?? "";
  const bench = needsBench(wanted) ? await readBench(merged.get("bench")?.text) : undefined;
  const names = { generators: [], bench: [...(bench?.boards.keys() ?? [])] };
  const settings = readMonitorSettings(merged, words.argument, names);
  const source = await openSource(settings, bench);
  const log = settings.log && (await RotatingLog.open(settings.log));
  const monitor = new ConsoleMonitor({ source, nowUs, once: words.has("once") });
  const paint = monitorPaintFor(terminal, words.color && config.color !== false);
  try {
    return await run(monitor, { words, terminal, settings, log, paint });
  } finally {
    await log?.close();
  }
}

interface MonitorRun {
  readonly words: DeskArguments;
  readonly terminal: Terminal;
  readonly settings: MonitorSettings;
  readonly log: RotatingLog | undefined;
  readonly paint: MonitorPaint;
}

async function run(monitor: ConsoleMonitor, setting: MonitorRun): Promise<ExitCode> {
  const { words, terminal, settings, log, paint } = setting;
  const show = writerOf(settings.format, paint, false);
  const record = writerOf(settings.format, NO_MONITOR_PAINT, true);
  let isInterrupted = false;
  const forget = terminal.onInterrupt(() => {
    isInterrupted = true;
    monitor.stop();
  });
  let restore: (() => void) | undefined;
  let isTyping = false;
  try {
    for await (const events of monitor.events()) {
      // Keys are taken once there is somebody to take them.
      if (!isTyping && !words.has("readOnly")) {
        restore = words.has("lines") ? undefined : terminal.rawInput?.();
        if (restore !== undefined)
          terminal.err("isnkit: Ctrl-] leaves; all other keys go to the device\n");
        forwardKeys(monitor, terminal, restore !== undefined);
        isTyping = true;
      }
      if (log !== undefined) await log.write(events.map(record).join(""));
      const shown = events.filter((event) => passes(event, settings.filter));
      if (shown.length > 0) await terminal.out(shown.map(show).join(""));
    }
  } finally {
    forget();
    restore?.();
    // An input that still waits would keep the process alive.
    if (isTyping) terminal.input.destroy();
  }
  return isInterrupted ? EXIT.interrupted : EXIT.pass;
}

/** In the background: the console is followed whether somebody types or not. */
function forwardKeys(monitor: ConsoleMonitor, terminal: Terminal, raw: boolean): void {
  const onLost = () => terminal.err("isnkit: the board is away; what is typed now is lost\n");
  const send = (bytes: Uint8Array) => monitor.send(bytes);
  sendKeystrokes({ input: terminal.input, raw, send, onLost }).then(
    (ending) => {
      if (ending === "left") monitor.stop();
    },
    // The input was taken away: the monitor ended, or there is none.
    () => undefined,
  );
}

async function openSource(
  { selector, baud }: MonitorSettings,
  bench: Bench | undefined,
): Promise<ConsoleSource> {
  const options = baud === undefined ? {} : { baud };
  switch (selector.kind) {
    case "sim":
      throw noConsole(selector);
    case "emulated":
      return emulatedSource(selector.text);
    default: {
      const desk = await openDesk(bench ?? (await readBench()));
      return deskSource(await findDeskBoard(selector, desk), desk, options);
    }
  }
}

function noConsole({ text }: BoardSelector): UsageError {
  return new UsageError(
    "no-console",
    `${text} has no console: it is simulated`,
    "watch an emulated board: isnkit monitor qemu:lm3s6965evb",
  );
}

function writerOf(
  format: MonitorFormat,
  paint: MonitorPaint,
  withDate: boolean,
): (event: MonitorEvent) => string {
  if (format === "ndjson") return monitorJson;
  const text = new MonitorText(paint, withDate);
  return (event) => text.line(event);
}
