/** The command line as commander sees it: commands, flags, environment twins, help. */
import { Command } from "commander";
import { EXIT, type ExitCode } from "../core/errors.ts";
import { addAnalyzeCommand } from "./analyze-command.ts";
import { DEFAULTS, REBOOTS_MAX } from "./check-settings.ts";
import { addDeskCommands } from "./desk-commands.ts";
import { describeFailure } from "./failure.ts";
import { addFlags, addNoColor, type Flag } from "./flags.ts";
import { packageVersion } from "./package-version.ts";
import { addReportCommand } from "./report-command.ts";
import type { SettingName } from "./settings.ts";
import { addSimulateCommand } from "./simulate-command.ts";
import type { Terminal } from "./terminal.ts";

/** Flag, placeholder and description of each setting of `check`. */
const CHECK_FLAGS: readonly Flag[] = [
  [
    "board",
    "NAME",
    `what to reboot: sim, sim:<generator>, qemu:<model>, rp2040js:<model>, a serial port, usb:<vid>:<pid>, a name of bench.json (default: ${DEFAULTS.board})`,
  ],
  [
    "reboots",
    "N",
    `how often to reboot it, 1 to ${REBOOTS_MAX} (default: ${DEFAULTS.reboots}; in an emulator ${DEFAULTS.emulatedReboots})`,
  ],
  ["bench", "FILE", "what stands on this desk (default: bench.json)"],
  ["seed", "N", "u32 that decides the whole run, decimal or 0x… (default: a random one, printed)"],
  ["capture", "FILE", "judge a pcap or pcapng file instead, - for standard input"],
  ["device", "IP", "address of the device in the capture"],
  ["bootGap", "DURATION", "a silence of the device this long is a boot (default: found by itself)"],
  [
    "bootsAt",
    "T,T…",
    "times of the boots: since the first packet (12s) or with a zone (2024-05-01T12:00:00Z)",
  ],
  ["rules", "A,B…", "judge these rules only, and ask for all of them"],
  ["msl", "DURATION", `maximum segment lifetime (default: ${DEFAULTS.msl})`],
  ["format", "FORMAT", `text, json, html, junit or markdown (default: ${DEFAULTS.format})`],
  ["output", "FILE", "write the report to a file instead of stdout"],
  ["campaign", "FILE", "read reboots, seed, connections and rungs from a campaign file"],
  [
    "keep",
    "FILE",
    "keep what is seen in a new file, to go on from there (default: beside --output)",
  ],
  ["resume", "FILE", "go on with a run that was kept; its rules run again over all of it"],
];

const CHECK_HELP = `
Exit codes: 0 all rules hold, 1 a rule was broken, 2 wrong usage, 3 the bench failed,
4 inconclusive, 130 interrupted. Every flag has an environment twin (shown above) and a place in
isnkit.config.json (camel case); flags win over the environment, the environment over the file.

Examples:
  isnkit check                                       reboot the virtual board 1000 times
  isnkit check --reboots 50 --seed 42                the same run on any machine
  isnkit check --board sim:fixed-plus-ticks          see a bad generator fail
  isnkit check --board /dev/ttyACM0 --keep run.ndjson   a board on the desk, by its ladder
  isnkit check --resume run.ndjson                   go on after a fault of the bench
  isnkit check --board qemu:lm3s6965evb              cut the power of an emulated Cortex-M3
  isnkit check --capture x.pcap --device 10.77.0.2   judge recorded traffic
  isnkit check --capture x.pcap --device 10.77.0.2 --boot-gap 2s --format json
  isnkit check --format html --output report.html    a report to hand on
  isnkit check --list-rules
`;

interface Outcome {
  exitCode: ExitCode;
}

/**
 * Runs the command line. `argv` is that of the process, program and script included. Prints to
 * `terminal` only, and never throws: every failure becomes a message and an exit code.
 */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const outcome: Outcome = { exitCode: EXIT.pass };
  const writes: Promise<void>[] = [];
  const program = buildProgram(terminal, outcome, (text) => writes.push(terminal.out(text)));
  try {
    if (argv.length <= 2) program.outputHelp();
    else await program.parseAsync(argv);
    await Promise.all(writes);
    return outcome.exitCode;
  } catch (thrown) {
    // Help that cannot be written is a failure too, whatever the parser says.
    const lost = (await Promise.allSettled(writes)).find(({ status }) => status === "rejected");
    const error = lost?.status === "rejected" ? lost.reason : thrown;
    const asked = program.commands.find((command) => command.name() === argv[2]);
    const failure = describeFailure(error, wordsOf(asked ?? program), asked?.name());
    if (failure.message !== "") terminal.err(failure.message);
    return failure.exitCode;
  }
}

/** All commands with their flags; `outcome` takes the exit code of the one that is run. */
export function buildProgram(
  terminal: Terminal,
  outcome: Outcome,
  print: (text: string) => void,
): Command {
  const program = new Command("isnkit")
    .description("TCP numbers of small devices, safe across reboots: prove it")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .addHelpText("after", "\nStart with `isnkit check`; `isnkit check --help` has examples.");
  const check = program
    .command("check")
    .description("reboot a board, or read a capture, and judge its ISNs, ports and timestamps")
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  addFlags(check, CHECK_FLAGS);
  addNoColor(check)
    .option("--list-rules", "list the rules and stop")
    .option("--list-generators", "list what sim:<generator> can be and stop")
    .addHelpText("after", CHECK_HELP)
    .action(async () => {
      // Loaded when it is run: the board and the zoo are not needed for other commands.
      const { checkCommand } = await import("./check.ts");
      outcome.exitCode = await checkCommand(argumentsOf(check), terminal);
    });
  addSimulateCommand(program, terminal, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  addAnalyzeCommand(program, terminal, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  addDeskCommands(program, terminal, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  addReportCommand(program, terminal, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  return program;
}

function argumentsOf(check: Command) {
  const flagSet = (name: string) => check.getOptionValue(name) === true;
  return {
    given: (name: SettingName) => {
      const value: unknown = check.getOptionValue(name);
      if (typeof value !== "string") return undefined;
      const origin = check.getOptionValueSource(name) === "cli" ? "flag" : "environment";
      return { text: value, origin } as const;
    },
    color: check.getOptionValue("color") !== false,
    listRules: flagSet("listRules"),
    listGenerators: flagSet("listGenerators"),
  };
}

/** What can stand behind the program's name, or behind that of a command and its own commands. */
function wordsOf(command: Command): string[] {
  const { commands, parent } = command;
  const withOptions = parent === null ? [command] : [command, ...commands];
  return [
    ...commands.map((one) => one.name()),
    ...withOptions.flatMap(({ options }) => options.flatMap(({ long }) => long ?? [])),
  ];
}
