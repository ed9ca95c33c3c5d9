/** Firmware by an external tool of board.json: openocd, bossac, dfu-util, …; never through a shell. */
import type { ChildProcess } from "node:child_process";
import { BenchError } from "../core/errors.ts";
import { printable } from "../core/plain-text.ts";
import { findProgram } from "../system/guarded-process.ts";
import { endOfGroup, killGroup, startGroup } from "../system/process-group.ts";
import { TransferInterrupted } from "./ymodem-sender.ts";

/** A chip of 2 MiB over a slow probe takes minutes. */
const TOOL_MS = 300_000;
const LAST_LINES = 5;
const LINE_CHARACTERS_MAX = 300;

export interface FlashToolOptions {
  /** Program and arguments, with {image}, {serial} and {port} in them. */
  readonly command: readonly string[];
  /** Debian package that has the program. */
  readonly package: string;
  readonly image: string;
  readonly serial?: string;
  readonly port?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Each line that the tool prints, fit for a terminal. */
  readonly onLine?: (line: string) => void;
}

/**
 * The words of the command. BenchError `no-serial` when a placeholder has no value: a probe without its
 * serial number may write to another board.
 */
export function filledToolCommand(options: FlashToolOptions): string[] {
  const { image, serial, port } = options;
  const values: Readonly<Record<string, string | undefined>> = { image, serial, port };
  return options.command.map((word) =>
    word.replace(/\{(image|serial|port)\}/g, (_, key: string) => {
      const value = values[key];
      if (value !== undefined) return value;
      throw new BenchError(
        `no-${key}`,
        `the flasher's command needs {${key}}, which is not known of this board`,
        "name the board by bench.json with its USB numbers and serial number, so that no other board is written",
      );
    }),
  );
}

/**
 * Runs the tool to its end. BenchError `tool-missing`, `tool-failed` with its last lines, `tool-slow`;
 * TransferInterrupted after the signal. Whatever it started ends with it.
 */
export async function runFlashTool(options: FlashToolOptions): Promise<void> {
  const [program = "", ...args] = filledToolCommand(options);
  const path = program.includes("/") ? program : findProgram(program);
  if (path === undefined) throw missing(program, options.package);
  const timeoutMs = options.timeoutMs ?? TOOL_MS;
  const { code, lines, end } = await ending(startGroup(path, args), timeoutMs, options);
  if (code === 0) return;
  const said = lines.length === 0 ? "it said nothing" : lines.join("; ");
  if (end === "interrupted") throw new TransferInterrupted(`${program} was interrupted`);
  if (end === "late") {
    throw new BenchError(
      "tool-slow",
      `${program} did not end within ${timeoutMs / 1000} s and was killed: ${said}`,
      "check the probe's cable; run the command by hand and see what it waits for",
    );
  }
  if (code === "ENOENT") throw missing(program, options.package);
  throw new BenchError(
    "tool-failed",
    `${program} failed (${code}): ${said}`,
    "its last lines are above; `isnkit doctor --for flash` looks for missing permissions",
  );
}

function missing(program: string, name: string): BenchError {
  return new BenchError("tool-missing", `${program} is not installed`, `apt-get install ${name}`);
}

interface Ending {
  /** Exit code, signal, or the error's code when it did not start. */
  readonly code: number | string;
  readonly lines: readonly string[];
  readonly end: "itself" | "late" | "interrupted";
}

async function ending(
  child: ChildProcess,
  timeoutMs: number,
  { signal, onLine }: FlashToolOptions,
): Promise<Ending> {
  const lines: string[] = [];
  let end: Ending["end"] = "itself";
  const stop = (why: Ending["end"]) => {
    end = why;
    killGroup(child);
  };
  const take = (line: string) => {
    const plain = printable(line.trim().slice(0, LINE_CHARACTERS_MAX));
    if (plain === "") return;
    lines.push(plain);
    if (lines.length > LAST_LINES) lines.shift();
    onLine?.(plain);
  };
  const rests = [child.stdout, child.stderr].map((stream) => {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      // Tools redraw their progress with a carriage return.
      const parts = (rest + text).split(/[\r\n]+/);
      rest = (parts.pop() ?? "").slice(-LINE_CHARACTERS_MAX);
      for (const part of parts) take(part);
    });
    return () => take(rest);
  });
  const timer = setTimeout(() => stop("late"), timeoutMs);
  const interrupt = () => stop("interrupted");
  signal?.addEventListener("abort", interrupt);
  if (signal?.aborted) interrupt();
  const code = await endOfGroup(child);
  clearTimeout(timer);
  signal?.removeEventListener("abort", interrupt);
  // After its end it may still have said half a line.
  for (const rest of rests) rest();
  return { code, lines, end };
}
