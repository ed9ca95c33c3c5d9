/** `isnkit doctor`: what is here, what works, what does not and why; and where settings come from. */
import { resolve } from "node:path";
import { type Bench, parseBench, readBench } from "../boards/bench-file.ts";
import { type DeskSelector, isDeskSelector, parseBoardSelector } from "../boards/board-selector.ts";
import { EXIT, type ExitCode, IsnkitError, UsageError } from "../core/errors.ts";
import { openDesk } from "../desk/desk-board.ts";
import { diagnose } from "../doctor/diagnose.ts";
import {
  type DoctorRun,
  doctorJson,
  doctorText,
  type SettingOrigin,
} from "../doctor/doctor-text.ts";
import { thisMachine } from "../doctor/machine.ts";
import { RULES_FILE, udevRule } from "../doctor/port-access.ts";
import { type Checkup, PURPOSES, type Purpose } from "../doctor/purpose.ts";
import { CONFIG_FILE, type Config, readConfig } from "./config-file.ts";
import type { DeskArguments } from "./desk-arguments.ts";
import { didYouMean } from "./did-you-mean.ts";
import { expectWritable, writeResults } from "./results.ts";
import {
  environmentName,
  mergeSettings,
  type Setting,
  type SettingName,
  type Settings,
} from "./settings.ts";
import { readListFormat, readOutput } from "./shared-settings.ts";
import type { Terminal } from "./terminal.ts";

export async function doctorCommand(words: DeskArguments, terminal: Terminal): Promise<ExitCode> {
  const faults: Checkup[] = [];
  const config = await orFault(readConfig(resolve(CONFIG_FILE)), {} as Config, CONFIG_FILE, faults);
  const settings = mergeSettings(givenOrSet(words, terminal), config);
  const format = readListFormat(settings.get("format"), ["text", "json"]);
  const output = readOutput(settings.get("output"));
  const asked = readPurposes(settings.get("for"));
  await expectWritable(output);
  const empty = parseBench('{"boards": {}}');
  const bench = await orFault(readBench(settings.get("bench")?.text), empty, "bench.json", faults);
  const desk = await openDesk(bench);
  if (words.has("udevRules")) {
    await writeResults(terminal, rulesFile(desk.descriptions), output);
    return EXIT.pass;
  }
  const board = readDeskBoard(settings.get("board"), bench);
  if (terminal.errIsTerminal) terminal.err("isnkit: asking the tools for their versions\n");
  const diagnosis = await diagnose({
    machine: thisMachine(),
    desk,
    settings: faults,
    ...(board === undefined ? {} : { board }),
  });
  const run: DoctorRun = { diagnosis, asked, settings: originsOf(settings) };
  const wanted = diagnosis.purposes.filter(({ purpose }) => asked.includes(purpose));
  const ok = faults.length === 0 && wanted.every(({ works }) => works);
  await writeResults(terminal, format === "json" ? doctorJson(run, ok) : doctorText(run), output);
  return ok ? EXIT.pass : EXIT.bench;
}

/** Settings of other commands come from the environment; commander knows this command's only. */
function givenOrSet(words: DeskArguments, terminal: Terminal) {
  return (name: SettingName) => {
    const given = words.given(name);
    const text = terminal.environment[environmentName(name)];
    if (given !== undefined || text === undefined) return given;
    return { text, origin: "environment" } as const;
  };
}

function originsOf(settings: Settings): SettingOrigin[] {
  return [...settings].map(([name, { text, origin, place }]) => ({
    name,
    value: text,
    origin,
    place,
  }));
}

/** A file that is wrong is a finding here: it stops all other commands. */
async function orFault<T>(
  work: Promise<T>,
  otherwise: T,
  name: string,
  faults: Checkup[],
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof IsnkitError)) throw error;
    const { message: what, next } = error;
    faults.push({ area: "settings", name, state: "fault", what, next, neededBy: PURPOSES });
    return otherwise;
  }
}

function readPurposes(setting: Setting | undefined): readonly Purpose[] {
  if (setting === undefined) return [];
  return setting.text.split(",").map((word) => {
    const purpose = PURPOSES.find((one) => one === word.trim());
    if (purpose !== undefined) return purpose;
    throw new UsageError(
      "unknown-purpose",
      `${JSON.stringify(word)} is nothing that the doctor knows (${setting.place})`,
      `${didYouMean(word, PURPOSES)}give some of ${PURPOSES.join(", ")}`,
    );
  });
}

/** Emulated and simulated boards need no closer look: their tools are looked at in any case. */
function readDeskBoard(setting: Setting | undefined, bench: Bench): DeskSelector | undefined {
  if (setting === undefined) return undefined;
  const isElsewhere = setting.text === "sim" || setting.text.startsWith("sim:");
  if (isElsewhere) return undefined;
  const names = { generators: [], bench: [...bench.boards.keys()] };
  const selector = parseBoardSelector(setting.text, setting.place, names);
  return isDeskSelector(selector) ? selector : undefined;
}

/** A whole file for /etc/udev/rules.d: every USB number that a description has. */
function rulesFile(descriptions: Awaited<ReturnType<typeof openDesk>>["descriptions"]): string {
  const notes = new Map<string, { vid: string; pid: string; notes: Set<string> }>();
  for (const { model, usb = [] } of descriptions) {
    for (const { vid, pid, note } of usb) {
      const entry = notes.get(`${vid}:${pid}`) ?? { vid, pid, notes: new Set() };
      notes.set(`${vid}:${pid}`, entry);
      entry.notes.add(note === undefined ? model : `${model}: ${note}`);
    }
  }
  const rules = [...notes.values()].map((entry) => udevRule(entry, [...entry.notes].join("; ")));
  const head = `# ${RULES_FILE}: boards that isnkit knows. Then: udevadm control --reload && udevadm trigger\n`;
  return `${[head, ...rules].join("\n")}\n`;
}
