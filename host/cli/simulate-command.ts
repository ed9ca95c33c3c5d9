/** `isnkit simulate` as commander sees it: flags, environment twins, help. */
import type { Command } from "commander";
import type { ExitCode } from "../core/errors.ts";
import { addFlags, addNoColor, type Flag } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

const FLAGS: readonly Flag[] = [
  [
    "board",
    "NAME",
    "what to simulate: sim, or sim:<generator> for a bad one; with --case also qemu:lm3s6965evb (default: sim)",
  ],
  ["campaign", "FILE", "a campaign file: boards, workload, faults with rates, servers, network"],
  ["reboots", "N", "reboots in all, at least; they make cases of 100 (default: 10000)"],
  ["seed", "N", "u32 that decides all cases, decimal or 0x… (default: a random one, printed)"],
  [
    "faults",
    "F=P,…",
    "chance of a fault in a boot: bit-rot=0.1,lost-storage=0; --list has them all",
  ],
  ["msl", "DURATION", "maximum segment lifetime (default: 120s)"],
  ["exhaustive", "D", "every power cut of a workload, 1 or 2 in a row, over all geometries"],
  ["shard", "I/N", "run this part of the cases only, from 1/N to N/N"],
  ["shards", "N", "the same by JOB_COMPLETION_INDEX, as Kubernetes sets it in an indexed job"],
  ["case", "SEED:I", "run one case, or what a failure printed, and tell its story"],
  ["workers", "N", "threads (default: one for each core)"],
  ["format", "FORMAT", "text, json, html, junit or markdown (default: text)"],
  ["output", "FILE", "write the report to a file instead of stdout"],
];

const HELP = `
A case is one device's life: memory, counter and entropy of its own, some faults switched on, servers
that answer as Linux, FreeBSD, OpenBSD, AIX or lwIP do, and a network that delivers late segments of old
connections into new ones. The numbers of both ends are judged; then faults stop, and every server has to
be reached. A few known-bad generators run as well: the run is inconclusive if one is not caught.
Exit codes: 0 all rules hold, 1 a rule was broken, 2 wrong usage, 3 the bench failed,
4 inconclusive, 130 interrupted (what ran is reported).

Examples:
  isnkit simulate                                      10,000 reboots on all cores
  isnkit simulate --reboots 1000000 --seed 1           the same cases on any machine
  isnkit simulate --exhaustive 2                       every power cut, two in a row
  isnkit simulate --board sim:rtcless-clock            see a bad generator fail
  isnkit simulate --campaign fleet.json --faults bit-rot=0.2
  isnkit simulate --reboots 1000000 --seed 1 --shard 2/4 --format json --output shard-2.json
  isnkit simulate --case 1:4711
  isnkit simulate --case 1:8 --board qemu:lm3s6965evb  the same life on an emulated board
  isnkit simulate --list
`;

/** Adds the command to the program; `done` takes its exit code. */
export function addSimulateCommand(
  program: Command,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  const command = program
    .command("simulate")
    .description("live through millions of reboots with faults, and judge both ends")
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  addFlags(command, FLAGS);
  addNoColor(command)
    .option("--list", "list rules, faults, geometries, servers and canaries, and stop")
    .addHelpText("after", HELP)
    .action(async () => {
      // Loaded when it is run.
      const { simulateCommand } = await import("./simulate.ts");
      done(
        await simulateCommand(
          {
            given: (name) => {
              const value: unknown = command.getOptionValue(name);
              if (typeof value !== "string") return undefined;
              const source = command.getOptionValueSource(name);
              return { text: value, origin: source === "cli" ? "flag" : "environment" } as const;
            },
            color: command.getOptionValue("color") !== false,
            list: command.getOptionValue("list") === true,
          },
          terminal,
        ),
      );
    });
}
