/** The table of servers of the conformance application (boards/apps/server_table.h), written by the bench. */

import type { BoardDescription } from "../boards/board-description.ts";
import { UsageError } from "../core/errors.ts";
import type { Workload, WorkloadServer } from "../core/workload.ts";
import type { ConsoleSession } from "./console-session.ts";

/** Rows of the firmware's table. */
const SERVERS_MAX = 16;
/** The most that the firmware sends on a connection: it may not run ahead of the clock by the guard. */
const BYTES_MAX = 200_000;

/** UsageError `servers-unfit` when the firmware cannot do what the workload asks for. Before anything starts. */
export function expectServersFit(
  { servers = [], bytes }: Workload,
  { ports }: Pick<BoardDescription, "ports">,
  board: string,
): void {
  if (servers.length > SERVERS_MAX) {
    throw unfit(
      `${board} takes ${SERVERS_MAX} servers, and the campaign file has ${servers.length}`,
      "leave some out of workload.servers",
    );
  }
  const isReserved = (port: number) =>
    ports.reserved.some(([first, last]) => port >= first && port <= last);
  const stray = servers.find(({ boundPort }) => boundPort !== undefined && !isReserved(boundPort));
  if (stray !== undefined) {
    const ranges = ports.reserved.map(([first, last]) => `${first} to ${last}`).join(", ");
    throw unfit(
      `the application on ${board} cannot bind port ${stray.boundPort}: it may be given to another connection`,
      `take a boundPort that the board's description reserves: ${ranges}`,
    );
  }
  if (bytes !== undefined && bytes.max > BYTES_MAX) {
    throw unfit(
      `the application on ${board} sends at most ${BYTES_MAX} bytes on a connection, not ${bytes.max}`,
      "lower workload.bytes",
    );
  }
}

/** Writes the table. Before the module is started: nothing is torn then. UsageError when it is refused. */
export async function sendServers(
  session: ConsoleSession,
  servers: readonly WorkloadServer[],
  board: string,
): Promise<void> {
  for (const [i, { address, port, boundPort }] of servers.entries()) {
    const bound = boundPort === undefined ? {} : { lp: boundPort };
    await obeyed(session, { do: "server", i, ra: address, rp: port, ...bound }, board);
  }
  await obeyed(session, { do: "servers", count: servers.length }, board);
}

async function obeyed(
  session: ConsoleSession,
  command: Readonly<Record<string, string | number>>,
  board: string,
): Promise<void> {
  const { fields } = await session.command(command);
  if (fields.get("ok") === "1") return;
  const why = fields.get("why") ?? "no reason told";
  throw new UsageError(
    "servers-refused",
    `${board} refuses the servers of the campaign file (do=${command.do}: ${why})`,
    why === "no-such-command"
      ? "its firmware is older than campaign files with servers: flash the one of this version"
      : "see boards/apps/server_table.h for what its firmware takes",
  );
}

function unfit(message: string, next: string): UsageError {
  return new UsageError("servers-unfit", message, next);
}
