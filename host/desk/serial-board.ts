/** A board of the desk, ready to be spoken to: its console through unplug and plug, and its ladder. */

import { ladderOf, type Rung } from "../boards/rung.ts";
import { MACHINE_EDGES, SerialConnection, type SerialEdges } from "../console/serial-connection.ts";
import { type Desk, type DeskBoard, locateDeskBoard } from "./desk-board.ts";

export interface SerialBoard {
  readonly board: DeskBoard;
  readonly connection: SerialConnection;
  /** The ways to restart it, the gentlest first. */
  readonly rungs: readonly Rung[];
}

/** `edges`: for tests. The port is opened when it is needed. */
export function serialBoard(
  board: DeskBoard,
  desk: Desk,
  edges: SerialEdges = MACHINE_EDGES,
): SerialBoard {
  const connection = new SerialConnection({
    name: board.name,
    baud: board.baud,
    locate: () => locateDeskBoard(board, desk),
    edges,
  });
  const serial = board.usb?.serial;
  // Where sysfs knows the port of the hub, a description that asks for the hub needs no bench.json.
  const asksHub = board.description?.reset?.some(({ rung }) => rung === "hub") === true;
  const hub = board.bench?.hub ?? (asksHub ? board.usb?.hub : undefined);
  const rungs = ladderOf(
    board.description,
    {
      ...(hub === undefined ? {} : { hub }),
      ...(board.bench?.shell === undefined ? {} : { shell: board.bench.shell }),
    },
    { port: board.path, ...(serial === undefined ? {} : { serial }) },
  );
  return { board, connection, rungs };
}
