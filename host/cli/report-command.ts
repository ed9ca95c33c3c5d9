/** `isnkit report` as commander sees it. */
import type { Command } from "commander";
import type { ExitCode } from "../core/errors.ts";
import { addFlags, addNoColor, type Flag } from "./flags.ts";
import type { SettingName } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

function flags(format: string): readonly Flag[] {
  return [
    ["format", "FORMAT", `html, text, junit, markdown or json (default: ${format})`],
    ["output", "FILE", "write the report to a file instead of stdout"],
  ];
}

const HELP = `
FILE is what check, simulate or analyze wrote with --format json; - is standard input. Exit code 0
when the report is written, whatever the verdict in it; 2 when FILE is no report of this version.

Examples:
  isnkit check --format json --output run.json
  isnkit report run.json --output report.html
  isnkit report run.json --format junit --output junit.xml
  isnkit report run.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  isnkit report merge shard-*.json --format html --output report.html
`;

const MERGE_HELP = `
A shard that is missing, doubled, cut short or of another run is refused: exit code 2. Checks that
span shards are made again; the exit code is the verdict of the whole, as with simulate.

Examples:
  isnkit simulate --reboots 1000000 --seed 1 --shard 1/4 --format json --output shard-1.json
  isnkit report merge shard-1.json shard-2.json shard-3.json shard-4.json
  isnkit report merge shard-*.json --format json --output merged.json
`;

/** Adds the command to the program; `done` takes its exit code. */
export function addReportCommand(
  program: Command,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  const report = program
    .command("report")
    .description("turn a saved run into a report: HTML, JUnit, Markdown, text")
    .argument("[file]", "what --format json wrote, - for standard input")
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  addNoColor(addFlags(report, flags("html")))
    .addHelpText("after", HELP)
    .action(async (file: string | undefined) => {
      const { reportCommand } = await import("./report.ts");
      done(await reportCommand({ file, ...argumentsOf(report) }, terminal));
    });
  addMergeCommand(report, terminal, done);
}

function addMergeCommand(
  report: Command,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  const merge = report
    .command("merge")
    .description("join the shards of a simulation, and give the verdict of the whole")
    .argument("[files...]", "what `isnkit simulate --shard i/n --format json` wrote, all of them")
    .helpOption("-h, --help", "print help");
  addNoColor(addFlags(merge, flags("text")))
    .addHelpText("after", MERGE_HELP)
    .action(async (files: string[]) => {
      const { reportMergeCommand } = await import("./report-merge.ts");
      done(await reportMergeCommand({ files, ...argumentsOf(merge, report) }, terminal));
    });
}

/** `outer`: the command that this one belongs to; commander gives flags that both have to that one. */
function argumentsOf(command: Command, outer = command) {
  const from = (name: string) => (command.getOptionValueSource(name) === "cli" ? command : outer);
  return {
    given: (name: SettingName) => {
      const value: unknown = from(name).getOptionValue(name);
      if (typeof value !== "string") return undefined;
      const origin = from(name).getOptionValueSource(name) === "cli" ? "flag" : "environment";
      return { text: value, origin } as const;
    },
    color: command.getOptionValue("color") !== false && outer.getOptionValue("color") !== false,
  };
}
