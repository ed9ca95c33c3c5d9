/**
 * Restarts the device by one rung, and sees it start: its hello, or, when the port was away and the
 * hello was said to nobody, a status that only a fresh start gives. A rung that takes the power away is
 * verified by absence: the port vanishes, or the console falls silent; and by the cause afterwards.
 */

import { causeFits, cutsPower, type Rung } from "../boards/rung.ts";
import { deviceState } from "../console/conformance-device.ts";
import type { ConsoleRecord } from "../console/console-record.ts";
import type { ConsoleSession } from "../console/console-session.ts";
import type { SerialConnection } from "../console/serial-connection.ts";
import { BenchError } from "../core/errors.ts";
import { performRung, type RunCommand } from "./rung-action.ts";

export interface RestartOptions {
  readonly connection: SerialConnection;
  readonly run?: RunCommand;
  /** How long the device may take to start, in milliseconds. */
  readonly startMs?: number;
  /** The boot count before, where it is known. */
  readonly bootsBefore?: number;
}

/** A device that was seen to start. */
export interface Restart {
  /** As the device gives it. */
  readonly cause: string;
  /** How the lack of power showed; absent for a rung that leaves the power on. */
  readonly absence?: "port" | "console";
}

const START_MS = 15_000;
/** A console that says nothing, not even an answer, for so long has no power. */
const SILENT_MS = 1_000;
/** How long the power may take to go. */
const OFF_MS_MAX = 5_000;
const ASK_MS = 400;
/** boards/kit/isnkit.h: ISNKIT_REASON_NOT_STARTED. */
export const NOT_STARTED = 256;

/** BenchError when the rung cannot be used, the device is not seen to start, or its cause does not fit. */
export async function restartBy(rung: Rung, options: RestartOptions): Promise<Restart> {
  const { connection } = options;
  const session = await connection.connect();
  const { opened } = connection;
  // Asked for before the rung acts: the hello may come while it still does.
  const hello = session.record(isHello, "the device's hello", options.startMs ?? START_MS);
  let absence: Restart["absence"];
  await performRung(rung, {
    connection,
    ...(options.run === undefined ? {} : { run: options.run }),
    absent: async () => {
      absence = await seeAbsence(connection);
    },
  });
  const cause = await seeStart(options, hello, opened);
  if (!causeFits(rung, cause)) {
    throw new BenchError(
      "wrong-cause",
      `the device restarted, but gives ${JSON.stringify(cause)} as the cause, which is not the doing of ${rung.name}`,
      cutsPower(rung)
        ? "the power did not go off for long enough, or the board draws it from somewhere else"
        : "something else restarted it: look at it with `isnkit monitor`",
    );
  }
  return absence === undefined ? { cause } : { cause, absence };
}

function isHello(record: ConsoleRecord): boolean {
  return record.type === "hello";
}

/** Whether the port is gone, or the console silent. BenchError `still-powered` when it answers. */
async function seeAbsence(connection: SerialConnection): Promise<"port" | "console"> {
  const { nowMs } = connection.edges;
  const deadlineMs = nowMs() + OFF_MS_MAX;
  for (;;) {
    if ((await connection.locate()) === undefined) return "port";
    const heard = await hearAnything(connection);
    if (heard === "nothing") return "console";
    if (heard === "port-lost") return "port";
    if (nowMs() < deadlineMs) continue;
    throw new BenchError(
      "still-powered",
      `${connection.name} still speaks after its power was switched off`,
      "the hub does not switch this port, or the board has another supply: `uhubctl` lists the hubs that can",
    );
  }
}

async function hearAnything(
  connection: SerialConnection,
): Promise<"something" | "nothing" | "port-lost"> {
  try {
    const session = await connection.connect(0);
    const anything = session.record(() => true, "a sign of life", SILENT_MS);
    session.send({ do: "status" });
    await anything;
    return "something";
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return error.code === "device-silent" ? "nothing" : "port-lost";
  }
}

/** The cause that the device gives. */
async function seeStart(
  options: RestartOptions,
  first: Promise<ConsoleRecord>,
  openedBefore: number,
): Promise<string> {
  const { connection, startMs = START_MS } = options;
  const { nowMs, sleep } = connection.edges;
  const deadlineMs = nowMs() + startMs;
  let hello = first;
  let opened = openedBefore;
  for (;;) {
    try {
      const session = await connection.connect();
      if (connection.opened !== opened) {
        opened = connection.opened;
        hello = session.record(isHello, "the device's hello", Math.max(0, deadlineMs - nowMs()));
      }
      const cause = hello.then((record) => record.fields.get("cause") ?? "unknown");
      // On a port that stayed open the hello cannot be missed; only its loss ends the wait early.
      const missed = opened === openedBefore ? session.over : freshStart(session, options);
      const found = await Promise.race([cause, missed]);
      if (found !== undefined) return found;
      if (opened !== openedBefore) await Promise.race([cause, sleep(ASK_MS)]);
    } catch (error) {
      if (!(error instanceof BenchError) || !PASSING.has(error.code)) throw error;
    }
    if (nowMs() >= deadlineMs) throw noStart(connection.name, startMs);
  }
}

/** What a wait ends with while the port comes and goes. */
const PASSING = new Set(["device-silent", "port-lost", "console-closed"]);

/** The cause, by a status that only a device gives which has just started. Undefined: it gave none. */
async function freshStart(
  session: ConsoleSession,
  { bootsBefore }: RestartOptions,
): Promise<string | undefined> {
  try {
    const state = deviceState(await session.command({ do: "status" }, () => false, ASK_MS));
    const counted = bootsBefore !== undefined && state.boots > bootsBefore;
    return state.reason === NOT_STARTED || counted ? state.cause : undefined;
  } catch (error) {
    if (error instanceof BenchError && error.code === "device-silent") return undefined;
    throw error;
  }
}

function noStart(name: string, startMs: number): BenchError {
  return new BenchError(
    "no-restart",
    `${name} was not seen to start within ${startMs / 1000} s`,
    "check the wiring of its reset, and watch it with `isnkit monitor`",
  );
}
