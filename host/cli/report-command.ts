/** `isnkit report` as commander sees it. */
import { type Command, Option } from "commander";
import type { ExitCode } from "../core/errors.ts";
import { environmentName, flagOf, type SettingName } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

const FLAGS: readonly (readonly [SettingName, string, string])[] = [
  ["format", "FORMAT", "html, text, junit, markdown or json (default: html)"],
  ["output", "FILE", "write the report to a file instead of stdout"],
];

const HELP = `
FILE is what check, simulate or analyze wrote with --format json; - is standard input. Exit code 0
when the report is written, whatever the verdict in it; 2 when FILE is no report of this version.

Examples:
  isnkit check --format json --output run.json
  isnkit report run.json --output report.html
  isnkit report run.json --format junit --output junit.xml
  isnkit report run.json --format markdown >> "$GITHUB_STEP_SUMMARY"
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
  addFlags(report)
    .addHelpText("after", HELP)
    .action(async (file: string | undefined) => {
      const { reportCommand } = await import("./report.ts");
      done(await reportCommand({ file, ...argumentsOf(report) }, terminal));
    });
}

function addFlags(command: Command): Command {
  for (const [name, placeholder, description] of FLAGS) {
    const option = new Option(`${flagOf(name)} <${placeholder}>`, description);
    command.addOption(option.env(environmentName(name)));
  }
  return command.addOption(new Option("--no-color", "no colours").env("ISNKIT_NO_COLOR"));
}

function argumentsOf(command: Command) {
  return {
    given: (name: SettingName) => {
      const value: unknown = command.getOptionValue(name);
      if (typeof value !== "string") return undefined;
      const origin = command.getOptionValueSource(name) === "cli" ? "flag" : "environment";
      return { text: value, origin } as const;
    },
    color: command.getOptionValue("color") !== false,
  };
}
