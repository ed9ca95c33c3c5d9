/** `isnkit analyze` as commander sees it. */
import type { Command } from "commander";
import type { ExitCode } from "../core/errors.ts";
import type { AnalyzeArguments } from "./analyze.ts";
import { addFlags, addNoColor, addSwitch, type Flag } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const FLAGS: readonly Flag[] = [
  ["host", "IP", "look at the connections of this host only"],
  ["port", "N", "look at connections with this port on either side only"],
  ["connection", "A:P>B:Q", "look at this connection only, '10.77.0.2:31001 > 10.77.0.1:25'"],
  ["from", "TIME", "leave out what comes before, since the first packet: 12s, 4m"],
  ["to", "TIME", "leave out what comes after"],
  ["peer", "NAME", "say what a server of this kind does next: linux, freebsd, openbsd, aix, lwip"],
  ["msl", "DURATION", "maximum segment lifetime (default: 120s)"],
  ["format", "FORMAT", "text, json, html, junit, markdown, or ndjson as it comes (default: text)"],
  ["output", "FILE", "write the report to a file instead of stdout"],
];

const HELP = `
The first line names the cause. Exit codes: 0 no fault found, 1 a fault was found, 2 wrong usage or
not a capture, 4 too little to judge (no TCP in it, or nothing found in a capture that is cut short or
shows no connection opened and answered), 130 interrupted.

Examples:
  isnkit analyze x.pcap                              what went wrong, and what to do
  isnkit analyze x.pcap --narrate --host 10.77.0.2   a session packet by packet
  isnkit analyze x.pcap --peer linux                 what the server does with the next SYN
  isnkit analyze x.pcap --format json
  tcpdump -i eth0 -U -w - tcp or arp | isnkit analyze - --format ndjson
  isnkit analyze growing.pcap --follow
`;

/** Adds the command to the program; `done` takes its exit code. */
export function addAnalyzeCommand(
  program: Command,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  const command = program
    .command("analyze")
    .description("say what went wrong in a packet capture, with evidence and remedy")
    .argument("[file]", "pcap or pcapng file, also gzipped, - for standard input")
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  addFlags(command, FLAGS);
  addSwitch(command, "--narrate", "tell the session packet by packet");
  addSwitch(command, "--follow", "go on while the file grows");
  addNoColor(command)
    .option("--list-rules", "list the diagnoses and stop")
    .addHelpText("after", HELP)
    .action(async (file: string | undefined) => {
      // Loaded when it is run: the readers and diagnoses are not needed for other commands.
      const { analyzeCommand } = await import("./analyze.ts");
      done(await analyzeCommand(argumentsOf(command, file), terminal));
    });
}

function argumentsOf(command: Command, file: string | undefined): AnalyzeArguments {
  const flagSet = (name: string) => command.getOptionValue(name) === true;
  return {
    file,
    given: (name) => {
      const value: unknown = command.getOptionValue(name);
      if (typeof value !== "string") return undefined;
      const origin = command.getOptionValueSource(name) === "cli" ? "flag" : "environment";
      return { text: value, origin };
    },
    narrate: flagSet("narrate"),
    follow: flagSet("follow"),
    color: command.getOptionValue("color") !== false,
    listRules: flagSet("listRules"),
  };
}
