/** Programs that commands run: what needs them, and the Debian package that brings them. */
import type { BoardDescription } from "../boards/board-description.ts";
import type { Machine } from "./machine.ts";
import type { Checkup, Purpose } from "./purpose.ts";

interface Tool {
  readonly name: string;
  readonly package: string;
  /** How to ask for its version. */
  readonly ask: readonly string[];
  /** What cannot be done without it. */
  readonly neededBy: readonly Purpose[];
  /** What it is for. */
  readonly use: string;
}

const VERSION = ["--version"];

const TOOLS: readonly Tool[] = [
  {
    name: "qemu-system-arm",
    package: "qemu-system-arm",
    ask: VERSION,
    neededBy: ["qemu", "network"],
    use: "emulates boards",
  },
  {
    name: "arm-none-eabi-gcc",
    package: "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ask: VERSION,
    neededBy: ["build"],
    use: "compiles firmware",
  },
  {
    name: "wasm2c",
    package: "wabt",
    ask: VERSION,
    neededBy: ["build"],
    use: "turns the module into C",
  },
  { name: "cmake", package: "cmake", ask: VERSION, neededBy: ["build"], use: "builds firmware" },
  {
    name: "ninja",
    package: "ninja-build",
    ask: VERSION,
    neededBy: ["build"],
    use: "builds firmware",
  },
  {
    name: "ip",
    package: "iproute2",
    ask: ["-V"],
    neededBy: ["network"],
    use: "makes the network of emulated boards",
  },
  {
    name: "setpriv",
    package: "util-linux",
    ask: VERSION,
    neededBy: [],
    use: "ends emulators even when isnkit is killed",
  },
  {
    name: "tshark",
    package: "tshark",
    ask: VERSION,
    neededBy: [],
    use: "is compared with isnkit analyze in tests and benches",
  },
  {
    name: "uhubctl",
    package: "uhubctl",
    ask: ["-v"],
    neededBy: [],
    use: "switches the power of USB ports",
  },
];

/** `descriptions`: boards whose own tools are looked for, too. */
export async function toolCheckups(
  machine: Machine,
  descriptions: readonly BoardDescription[],
): Promise<Checkup[]> {
  const known = new Set(TOOLS.map(({ name }) => name));
  const ofBoards = boardTools(descriptions).filter(({ name }) => !known.has(name));
  return Promise.all([...TOOLS, ...ofBoards].map((tool) => toolCheckup(machine, tool)));
}

async function toolCheckup(machine: Machine, tool: Tool): Promise<Checkup> {
  const { name, neededBy, use } = tool;
  const path = machine.find(name);
  if (path !== undefined) {
    const what = `${versionIn(await machine.ask(path, tool.ask)) ?? "found"}; ${use}`;
    return { area: "tool", name, state: "ok", what, neededBy };
  }
  const state = neededBy.length > 0 ? "fault" : "absent";
  const next = `apt-get install --no-install-recommends ${tool.package}`;
  return { area: "tool", name, state, what: `not installed; it ${use}`, neededBy, next };
}

/** Flashers and probes that descriptions name; one of several may be enough, so none is a must. */
function boardTools(descriptions: readonly BoardDescription[]): Tool[] {
  const tools = new Map<string, { readonly package: string; readonly models: Set<string> }>();
  for (const { model, flash = [], reset = [] } of descriptions) {
    for (const way of [...flash, ...reset]) {
      if (!("tool" in way)) continue;
      const tool = tools.get(way.tool) ?? { package: way.package, models: new Set() };
      tools.set(way.tool, tool);
      tool.models.add(model);
    }
  }
  return [...tools].map(([name, { package: from, models }]) => {
    const use = `flashes or resets ${[...models].sort().join(", ")}`;
    return { name, package: from, ask: VERSION, neededBy: [], use };
  });
}

/** The first number with a dot in it: `7.2.17`. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+[\w.+~-]{0,30}/.exec(text.slice(0, 4000))?.[0];
}
