/**
 * The ladder: the ways to restart a board, the gentlest first, with everything filled in that
 * board.json and bench.json say of this one.
 */

import { UsageError } from "../core/errors.ts";
import type { BenchBoard } from "./bench-file.ts";
import type { BoardDescription, ResetRung } from "./board-description.ts";

/** A step of a line pattern: levels to set, or a wait. */
export type LineStep = Extract<ResetRung, { rung: "lines" }>["steps"][number];

export type Rung =
  | { readonly name: "console" }
  | { readonly name: "lines"; readonly steps: readonly LineStep[] }
  | { readonly name: "touch-1200" }
  | { readonly name: "break"; readonly ms: number }
  | {
      readonly name: "probe";
      readonly package: string;
      readonly command: readonly string[];
    }
  | { readonly name: "hub"; readonly location: string; readonly port: number }
  | { readonly name: "shell-reset"; readonly command: readonly string[] }
  | {
      readonly name: "shell-power";
      readonly off: readonly string[];
      readonly on: readonly string[];
    };

export type RungName = Rung["name"];

const RUNG_NAMES: readonly RungName[] = [
  "console",
  "lines",
  "touch-1200",
  "break",
  "probe",
  "hub",
  "shell-reset",
  "shell-power",
];

/** What fills the placeholders of a probe's command. */
export interface LadderFacts {
  /** Path of the console. */
  readonly port?: string;
  /** USB serial number. */
  readonly serial?: string;
}

type Description = Pick<BoardDescription, "reset">;
type Desk = Pick<BenchBoard, "hub" | "shell">;

/**
 * The ladder of a board. Without a description it has the console's rung; what bench.json says (a hub's
 * port, a relay) comes last when the description does not say where. A rung that bench.json would have
 * to complete, and does not, is left out.
 */
export function ladderOf(
  description: Description | undefined,
  desk: Desk | undefined,
  facts: LadderFacts = {},
): Rung[] {
  const described = description?.reset ?? [{ rung: "console" as const }];
  const wanted: ResetRung[] = [...described];
  for (const rung of ["hub", "shell"] as const) {
    if (!wanted.some((one) => one.rung === rung)) wanted.push({ rung });
  }
  return wanted.flatMap((rung) => filledIn(rung, desk, facts));
}

function filledIn(rung: ResetRung, desk: Desk | undefined, facts: LadderFacts): Rung[] {
  switch (rung.rung) {
    case "console":
    case "touch-1200":
      return [{ name: rung.rung }];
    case "lines":
      return [{ name: "lines", steps: rung.steps }];
    case "break":
      return [{ name: "break", ms: rung.ms }];
    case "probe": {
      const command = filledCommand(rung.command, facts);
      return command === undefined ? [] : [{ name: "probe", package: rung.package, command }];
    }
    case "hub":
      return desk?.hub === undefined ? [] : [{ name: "hub", ...desk.hub }];
    case "shell":
      return shellRungs(desk?.shell);
  }
}

function shellRungs(shell: BenchBoard["shell"]): Rung[] {
  const rungs: Rung[] = [];
  if (shell?.reset !== undefined) rungs.push({ name: "shell-reset", command: shell.reset });
  if (shell?.off !== undefined && shell.on !== undefined) {
    rungs.push({ name: "shell-power", off: shell.off, on: shell.on });
  }
  return rungs;
}

/** Undefined when a placeholder has no value: a probe without its serial number may reset another board. */
function filledCommand(command: readonly string[], facts: LadderFacts): string[] | undefined {
  const words: string[] = [];
  for (const word of command) {
    let missing = false;
    const filled = word.replace(/\{(port|serial)\}/g, (_, key: "port" | "serial") => {
      missing ||= facts[key] === undefined;
      return facts[key] ?? "";
    });
    if (missing) return undefined;
    words.push(filled);
  }
  return words;
}

/** Rungs that take the board's power away. */
export function cutsPower({ name }: Rung): boolean {
  return name === "hub" || name === "shell-power";
}

/** Rungs that stop the device in the middle of whatever it does. */
export function cutsIn({ name }: Rung): boolean {
  return name !== "console" && name !== "touch-1200";
}

/**
 * The rungs that a name stands for; `shell` is both of its kind. UsageError for a name that is none, and
 * for one that this board does not have.
 */
export function pickRungs(ladder: readonly Rung[], name: string, place: string): Rung[] {
  const fits = (rung: string) => rung === name || (name === "shell" && rung.startsWith("shell-"));
  const picked = ladder.filter((rung) => fits(rung.name));
  if (picked.length > 0) return picked;
  const own = ladder.map((rung) => rung.name).join(", ");
  if (!RUNG_NAMES.some(fits)) {
    throw new UsageError(
      "unknown-rung",
      `${JSON.stringify(name)} is no rung (${place})`,
      `the rungs are ${RUNG_NAMES.join(", ")}; this board has ${own || "none"}`,
    );
  }
  throw new UsageError(
    "no-such-rung",
    `this board has no rung ${name} (${place})`,
    `it has ${own || "none"}; board.json describes line patterns and probes, bench.json the hub's port and relays`,
  );
}

/** Causes that a device may give after a rung; see `causeFits`. */
const CAUSES: Readonly<Record<RungName, readonly string[]>> = {
  console: ["reset"],
  lines: ["external", "reset", "power-on"],
  "touch-1200": ["reset", "watchdog", "external"],
  break: ["external", "reset"],
  // A probe may use the reset pin, or ask the core for a software reset.
  probe: ["external", "reset", "debugger"],
  hub: ["power-on", "brown-out"],
  "shell-reset": ["external", "reset", "power-on"],
  "shell-power": ["power-on", "brown-out"],
};

/**
 * Whether the cause that the device gives can be the rung's doing. A device that cannot tell (`unknown`)
 * is believed for a reset, of which its boot count tells; not for its power.
 */
export function causeFits(rung: Rung, cause: string): boolean {
  return CAUSES[rung.name].includes(cause) || (cause === "unknown" && !cutsPower(rung));
}
