/** `isnkit boards`: what is attached, once or as it changes. */
import { resolve } from "node:path";
import { readBench } from "../boards/bench-file.ts";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import {
  deskSignal,
  listDesk,
  type WholeDesk,
  watchDesk,
  wholeDesk,
} from "../desk/attached-boards.ts";
import { openDesk } from "../desk/desk-board.ts";
import {
  changeJson,
  changeText,
  deskJson,
  deskText,
  modelsJson,
  modelsText,
} from "../desk/desk-text.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { didYouMean } from "./did-you-mean.ts";
import { expectWritable, writeResults } from "./results.ts";
import { mergeSettings, type Setting, type Settings } from "./settings.ts";
import { readOutput } from "./shared-settings.ts";
import type { Terminal } from "./terminal.ts";

const FORMATS = ["text", "json", "ndjson"] as const;
type Format = (typeof FORMATS)[number];

export async function boardsCommand(words: DeskArguments, terminal: Terminal): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const settings = mergeSettings(words.given, config);
  const watches = words.has("watch");
  const format = readFormat(settings.get("format"), watches);
  const output = readListOutput(settings, watches);
  await expectWritable(output);
  const bench = await readBench(settings.get("bench")?.text);
  const desk = wholeDesk(await openDesk(bench));
  if (words.has("models")) {
    const { descriptions } = desk;
    const list = format === "text" ? modelsText(descriptions) : modelsJson(descriptions);
    await writeResults(terminal, list, output);
    return EXIT.pass;
  }
  if (watches) return watch(desk, format, terminal);
  const entries = await listDesk(desk);
  await writeResults(terminal, format === "text" ? deskText(entries) : deskJson(entries), output);
  return EXIT.pass;
}

async function watch(desk: WholeDesk, format: Format, terminal: Terminal): Promise<ExitCode> {
  const signal = deskSignal();
  let over = false;
  const forget = terminal.onInterrupt(() => {
    over = true;
    signal.close();
  });
  try {
    for await (const change of watchDesk(desk, signal, () => over)) {
      const at = new Date().toISOString();
      await terminal.out(format === "text" ? changeText(change) : changeJson(change, at));
    }
  } finally {
    forget();
    signal.close();
  }
  return EXIT.interrupted;
}

function readFormat(setting: Setting | undefined, watches: boolean): Format {
  const text = setting?.text ?? "text";
  const format = FORMATS.find((one) => one === text);
  const fits = format !== undefined && (format === "text" || watches === (format === "ndjson"));
  if (fits) return format;
  const formats = watches ? ["text", "ndjson"] : ["text", "json"];
  throw new UsageError(
    "unknown-format",
    `${JSON.stringify(text)} is not a format of this command (${setting?.place})`,
    `${didYouMean(text, formats)}the formats are ${formats.join(" and ")}${watches ? " with --watch" : ""}`,
  );
}

function readListOutput(settings: Settings, watches: boolean): string | undefined {
  const setting = settings.get("output");
  const output = readOutput(setting);
  if (!watches) return output;
  // From the environment or the config file it may be meant for other commands.
  if (setting?.origin !== "flag") return undefined;
  throw new UsageError(
    "option-unused",
    `${setting.place} has no meaning with --watch`,
    "leave it out, and send stdout to a file",
  );
}
