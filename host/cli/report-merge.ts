/** `isnkit report merge`: the documents of shards in, that of the whole run out, with its verdict. */
import { resolve } from "node:path";
import { EXIT, type ExitCode, UsageError } from "../core/errors.ts";
import { mergeShards, type NamedShard } from "../simulate/merge.ts";
import { verdictLine } from "../simulate/views/simulate-text.ts";
import { CONFIG_FILE, readConfig } from "./config-file.ts";
import { paintFor } from "./paint.ts";
import { formatOf, outputOf, type ReportArguments, savedRunIn } from "./report.ts";
import { readBounded } from "./report-input.ts";
import { expectWritable, writeResults } from "./results.ts";
import { parseRun } from "./run-file.ts";
import { mergeSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Shards that are joined at most; `isnkit simulate --shard` makes no more. */
const SHARDS_MAX = 10_000;

export interface MergeArguments extends Omit<ReportArguments, "file"> {
  readonly files: readonly string[];
}

/** The exit code is the verdict of the whole: checks that span shards are made here. */
export async function reportMergeCommand(
  { files, given, color }: MergeArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await readConfig(resolve(CONFIG_FILE));
  const settings = mergeSettings(given, config);
  const format = formatOf(settings.get("format"), "text");
  const output = outputOf(settings.get("output"));
  await expectWritable(output);
  const shards: NamedShard[] = [];
  for (const file of expectSome(files)) shards.push(await readShard(file, terminal));
  const run = mergeShards(shards);
  const paint = paintFor(terminal, color && config.color !== false && output === undefined);
  await writeResults(terminal, await savedRunIn({ kind: "simulate", run }, format, paint), output);
  if (output !== undefined) terminal.err(`isnkit: ${verdictLine(run)}\n`);
  return EXIT[run.verdict];
}

function expectSome(files: readonly string[]): readonly string[] {
  if (files.length > 0 && files.length <= SHARDS_MAX) return files;
  throw new UsageError(
    "shard-missing",
    files.length === 0
      ? "no shard is named (command line)"
      : `${files.length} files are more than ${SHARDS_MAX} shards`,
    "name what each shard wrote: isnkit report merge shard-*.json",
  );
}

async function readShard(file: string, terminal: Terminal): Promise<NamedShard> {
  const name = JSON.stringify(file);
  const saved = await parseRun(await readBounded(file, name, terminal), name);
  if (saved.kind === "simulate") return { name, run: saved.run };
  throw new UsageError(
    "shards-differ",
    `${name} is the report of isnkit ${saved.kind}, not a shard of a simulation`,
    "name what `isnkit simulate --shard i/n --format json` wrote",
  );
}
