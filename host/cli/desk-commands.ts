/** The commands of the desk as commander sees them: flags, environment twins, help. */
import type { Command } from "commander";
import type { ExitCode } from "../core/errors.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { addFlags, addNoColor, addSwitch, type Flag } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

type Run = (words: DeskArguments, terminal: Terminal) => Promise<ExitCode>;

interface DeskCommand {
  readonly name: string;
  readonly description: string;
  readonly argument?: readonly [string, string];
  readonly flags: readonly Flag[];
  /** Flags without a value. */
  readonly switches: readonly (readonly [string, string])[];
  readonly help: string;
  /** Loads the command when it is run. */
  readonly load: () => Promise<Run>;
}

const BENCH = ["bench", "FILE", "what stands on this desk (default: bench.json)"] as const;

const COMMANDS: readonly DeskCommand[] = [
  {
    name: "boards",
    description: "list the boards that are attached, and which models they are",
    flags: [
      BENCH,
      ["format", "FORMAT", "text, json, or ndjson with --watch (default: text)"],
      ["output", "FILE", "write the list to a file instead of stdout"],
    ],
    switches: [
      ["--watch", "tell what comes and goes, until Ctrl-C"],
      ["--models", "list the models that have a description, and what was run on them"],
    ],
    help: `
What is printed in the first column is what --board takes. Names come from bench.json in this folder.
Exit codes: 0 listed, 2 wrong usage, 3 bench.json or a board.json is wrong, 130 interrupted.

Examples:
  isnkit boards
  isnkit boards --watch
  isnkit boards --watch --format ndjson | jq .board.selector
  isnkit boards --models
  isnkit boards --format json --output desk.json
`,
    load: async () => (await import("./boards.ts")).boardsCommand,
  },
  {
    name: "reboot",
    description: "reboot a board on the desk, and prove each reboot",
    flags: [
      ["board", "NAME", "a serial port, usb:<vid>:<pid>[:<serial>], or a name of bench.json"],
      BENCH,
      [
        "rung",
        "NAME",
        "use this way only, or these: console, lines, touch-1200, break, probe, hub, shell",
      ],
      ["count", "N", "how often (default: 1)"],
      ["format", "FORMAT", "text or json (default: text)"],
      ["output", "FILE", "write the result to a file instead of stdout"],
    ],
    switches: [["--list-rungs", "list the ways to restart this board, in order, and stop"]],
    help: `
The ladder of board.json is climbed until a rung works. A reboot counts only when the device was seen to
start, its cause fits the rung, and the boot count that it persists went up by exactly one; a rung that
takes the power away is verified by absence.
Exit codes: 0 all reboots proved, 2 wrong usage, 3 no proof, or the bench failed, 130 interrupted.

Examples:
  isnkit reboot --board /dev/ttyACM0
  isnkit reboot --board shelf-3 --rung hub --count 20
  isnkit reboot --board usb:2e8a:000a --list-rungs
  isnkit reboot --board shelf-3 --format json
`,
    load: async () => (await import("./reboot.ts")).rebootCommand,
  },
  {
    name: "monitor",
    description: "follow the console of a board through unplugs, and send it keys",
    argument: [
      "[board]",
      "serial port, name of bench.json, usb:<vid>:<pid>[:<serial>], qemu:<model>",
    ],
    flags: [
      ["board", "NAME", "the board, if it is no word of its own"],
      BENCH,
      ["baud", "N", "console speed (default: the board's, or 115200)"],
      ["level", "LEVEL", "show debug, info, warn or error and above (default: debug)"],
      ["type", "T,T…", "show these types of records only; text: lines that are none"],
      ["match", "REGEX", "show records and lines that match only"],
      ["log", "FILE", "write everything to a file, too, whatever is shown"],
      ["logSize", "SIZE", "begin a new file before this one grows larger (default: 10MB)"],
      ["logKeep", "N", "older files that are kept, FILE.1 and up (default: 5)"],
      ["format", "FORMAT", "text or ndjson (default: text)"],
    ],
    switches: [
      ["--once", "end with exit 3 when the port is lost, instead of waiting for it"],
      ["--lines", "send whole lines, as the terminal edits them, instead of single keys"],
      ["--read-only", "send nothing"],
    ],
    help: `
On a terminal every key goes to the device; Ctrl-] leaves. With --lines, or when something is piped in,
whole lines are sent and Ctrl-C leaves. Gaps in the records' numbers, wrong checksums, restarts and
losses of the port are always shown. Nothing that a device sends reaches the terminal as a control code.
Exit codes: 0 left, 2 wrong usage, 3 the port cannot be opened (or was lost, with --once), 130 Ctrl-C.

Examples:
  isnkit monitor /dev/ttyACM0
  isnkit monitor lamp --level warn --log lamp.log
  isnkit monitor usb:2e8a:000a --type open,used --format ndjson | jq .fields.isn
  isnkit monitor qemu:lm3s6965evb --lines
  echo do=status | isnkit monitor lamp --match 're='
`,
    load: async () => (await import("./monitor.ts")).monitorCommand,
  },
  {
    name: "provision",
    description: "give a board its key: once, over the console, never shown and never stored",
    flags: [
      [
        "board",
        "NAME",
        "a serial port, usb:<vid>:<pid>[:<serial>], or a name of bench.json; with --batch also several",
      ],
      BENCH,
      ["record", "FILE", "add a line for each board to this file, .csv or .ndjson"],
      ["count", "N", "with --batch: end after so many boards"],
      ["format", "FORMAT", "text or json; with --batch text, ndjson or csv (default: text)"],
    ],
    switches: [
      ["--new", "the device never spoke TCP: no quiet time, provided that its journal is blank"],
      ["--replace", "replace a key that is there; the device then keeps quiet for 2 × MSL"],
      ["--batch", "board after board, as they are plugged in, until Ctrl-C"],
    ],
    help: `
The key is 128 bits of this machine's CSPRNG. It goes to the device and nowhere else; both sides compute
its fingerprint, and these are compared. A device that has a key keeps it unless you say --replace.
Exit codes: 0 done, 2 wrong usage or the device has a key, 3 the bench failed (with --batch: some board
was not provisioned; Ctrl-C ends the line).

Examples:
  isnkit provision --board /dev/ttyACM0 --new
  isnkit provision --board shelf-3 --replace
  isnkit provision --batch --board usb:2e8a:000a --new --record keys.csv
  isnkit provision --batch --board left,right --count 2 --format ndjson
`,
    load: async () => (await import("./provision.ts")).provisionCommand,
  },
  {
    name: "doctor",
    description:
      "look at tools, permissions, firmware and settings: what works, what does not, and why",
    flags: [
      ["for", "WHAT,…", "what has to work: check, qemu, network, build, monitor, reboot, flash, …"],
      [
        "board",
        "NAME",
        "look at this board closely: a port, usb:<vid>:<pid>, or a name of bench.json",
      ],
      BENCH,
      ["format", "FORMAT", "text or json (default: text)"],
      ["output", "FILE", "write the findings to a file instead of stdout"],
    ],
    switches: [
      ["--udev-rules", "print udev rules for all boards that have a description, and stop"],
    ],
    help: `
ok: there; --: not there, and not needed for anything that was asked; !!: missing or wrong.
Exit codes: 0 all that was asked for works, 2 wrong usage, 3 something asked for with --for does not work,
or a file with settings is wrong.

Examples:
  isnkit doctor
  isnkit doctor --for qemu,network
  isnkit doctor --for flash --board lamp
  isnkit doctor --udev-rules | sudo tee /etc/udev/rules.d/70-isnkit.rules
  isnkit doctor --format json | jq '.purposes[] | select(.works | not)'
`,
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "flash",
    description: "put a new module or firmware onto a board, and have the device confirm it",
    flags: [
      ["board", "NAME", "a serial port, usb:<vid>:<pid>[:<serial>], or a name of bench.json"],
      BENCH,
      ["module", "FILE", "a module (.wasm), over the console into the slot that does not run"],
      ["image", "FILE", "firmware: .elf, .bin or .uf2"],
      [
        "method",
        "NAME",
        "how firmware gets there: stm32-uart, uf2, or a tool (default: board.json)",
      ],
      ["volume", "FOLDER", "where the boot loader's volume is mounted (default: looked for)"],
      ["format", "FORMAT", "text or json (default: text)"],
      ["output", "FILE", "write the result to a file instead of stdout"],
    ],
    switches: [
      [
        "--wipe-journal",
        "clear the journal, key included; the device then keeps quiet for 2 × MSL",
      ],
    ],
    help: `
A module is checked by the device (hash, form, ABI, self test, a rehearsal on a copy of the journal),
tried, and confirmed; until then, and whatever happens on the way, the old one stays. The journal is
never touched without --wipe-journal. Success is told when the device itself tells version and hash.
Exit codes: 0 confirmed by the device, 2 wrong usage, 3 not flashed (the device refused, a tool failed,
the port was lost), 130 interrupted: the device runs its old module.

Examples:
  isnkit flash --board /dev/ttyACM0 --module build/isnkit.wasm
  isnkit flash --board shelf-3 --module new.wasm --format json
  isnkit flash --board shelf-3 --image firmware.elf
  isnkit flash --board pico --image firmware.uf2 --volume /media/me/RPI-RP2
  isnkit flash --board shelf-3 --module new.wasm --wipe-journal
`,
    load: async () => (await import("./flash.ts")).flashCommand,
  },
];

/** Adds the commands to the program; `done` takes the exit code of the one that ran. */
export function addDeskCommands(
  program: Command,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  for (const one of COMMANDS) addDeskCommand(program, one, terminal, done);
}

function addDeskCommand(
  program: Command,
  { name, description, argument, flags, switches, help, load }: DeskCommand,
  terminal: Terminal,
  done: (exitCode: ExitCode) => void,
): void {
  const command = program
    .command(name)
    .description(description)
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  if (argument !== undefined) command.argument(...argument);
  addFlags(command, flags);
  for (const [flag, text] of switches) addSwitch(command, flag, text);
  addNoColor(command)
    .addHelpText("after", help)
    .action(async (word: unknown) => {
      const run = await load();
      done(await run(argumentsOf(command, argument === undefined ? undefined : word), terminal));
    });
}

function argumentsOf(command: Command, argument: unknown): DeskArguments {
  return {
    argument: typeof argument === "string" ? argument : undefined,
    given: (name) => {
      const value: unknown = command.getOptionValue(name);
      if (typeof value !== "string") return undefined;
      const origin = command.getOptionValueSource(name) === "cli" ? "flag" : "environment";
      return { text: value, origin };
    },
    has: (name) => command.getOptionValue(name) === true,
    color: command.getOptionValue("color") !== false,
  };
}
