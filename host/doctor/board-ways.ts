/** Whether a board of the desk can be flashed and reset here. */
import type { BoardDescription } from "../boards/board-description.ts";
import type { DeskSelector } from "../boards/board-selector.ts";
import { IsnkitError } from "../core/errors.ts";
import { type Desk, type DeskBoard, findDeskBoard } from "../desk/desk-board.ts";
import type { Machine } from "./machine.ts";
import type { Checkup, Purpose } from "./purpose.ts";

const SERIAL: readonly Purpose[] = ["monitor", "provision", "reboot", "flash"];

/** The board that was named: is it there, may it be opened, is there a way to flash and to reset it. */
export async function boardCheckups(
  machine: Machine,
  selector: DeskSelector,
  desk: Desk,
): Promise<Checkup[]> {
  const base = { area: "desk", name: selector.text } as const;
  let board: DeskBoard;
  try {
    board = await findDeskBoard(selector, desk);
  } catch (error) {
    if (!(error instanceof IsnkitError)) throw error;
    return [{ ...base, state: "fault", what: error.message, neededBy: SERIAL, next: error.next }];
  }
  const { description } = board;
  if (description === undefined) {
    const what = `is at ${board.path}, but nothing says which model it is`;
    const next = "give it a name and a model in bench.json (docs/boards.md)";
    return [{ ...base, state: "fault", what, neededBy: ["flash", "reboot"], next }];
  }
  const what = `${description.model} at ${board.path}, ${board.baud} baud`;
  return [
    { ...base, state: "ok", what, neededBy: [] },
    flashCheckup(machine, selector.text, description),
    resetCheckup(machine, selector.text, description, board),
  ];
}

function flashCheckup(machine: Machine, name: string, description: BoardDescription): Checkup {
  const ways = (description.flash ?? []).map((way) =>
    way.method === "tool"
      ? { name: way.tool, from: way.package, isHere: machine.find(way.tool) !== undefined }
      : { name: way.method, from: "", isHere: true },
  );
  return waysCheckup(`ways to flash ${name}`, ways, "flash");
}

function resetCheckup(
  machine: Machine,
  name: string,
  description: BoardDescription,
  { bench }: DeskBoard,
): Checkup {
  const described = description.reset ?? [];
  // As the ladder has it: what bench.json knows comes on top of what the model describes.
  const added = (["hub", "shell"] as const)
    .filter((name) => bench?.[name] !== undefined)
    .filter((name) => !described.some(({ rung }) => rung === name));
  const ways = [...described, ...added.map((rung) => ({ rung }))].map((rung) => {
    if (rung.rung === "probe") {
      return { name: rung.tool, from: rung.package, isHere: machine.find(rung.tool) !== undefined };
    }
    if (rung.rung === "hub") {
      const isHere = bench?.hub !== undefined && machine.find("uhubctl") !== undefined;
      return { name: "hub", from: "uhubctl, and hub in bench.json", isHere };
    }
    if (rung.rung === "shell") {
      return { name: "shell", from: "shell in bench.json", isHere: bench?.shell !== undefined };
    }
    return { name: rung.rung, from: "", isHere: true };
  });
  return waysCheckup(`ways to reset ${name}`, ways, "reboot");
}

interface Way {
  readonly name: string;
  /** What it would need. */
  readonly from: string;
  readonly isHere: boolean;
}

function waysCheckup(name: string, ways: readonly Way[], purpose: Purpose): Checkup {
  const here = ways.filter(({ isHere }) => isHere).map((way) => way.name);
  const away = ways.filter(({ isHere }) => !isHere).map((way) => `${way.name} (needs ${way.from})`);
  const state = here.length > 0 ? "ok" : "fault";
  const listed = [
    here.length === 0 ? "none works here" : here.join(", "),
    ...(away.length === 0 ? [] : [`not here: ${away.join(", ")}`]),
  ].join("; ");
  const next = away.length === 0 ? "its board.json names no way" : `get one of: ${away.join(", ")}`;
  return {
    area: "desk",
    name,
    state,
    what: listed,
    neededBy: [purpose],
    ...(state === "ok" ? {} : { next }),
  };
}
