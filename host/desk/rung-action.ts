/** What each rung does to the board. It only acts: whether the device restarted is seen elsewhere. */

import type { LineStep, Rung } from "../boards/rung.ts";
import type { SerialConnection } from "../console/serial-connection.ts";
import { BenchError } from "../core/errors.ts";
import { runResetCommand } from "./reset-command.ts";

/** Runs a program to its end, or throws BenchError. */
export type RunCommand = typeof runResetCommand;

const TOUCH_BAUD = 1200;
/** How long the power is off after the board is seen to be gone: capacitors empty themselves. */
const OFF_MS = 500;

export interface RungContext {
  readonly connection: SerialConnection;
  readonly run?: RunCommand;
  /** Settles when the board is seen to be without power; BenchError when it is not. */
  readonly absent: () => Promise<void>;
}

/** Does it. BenchError when it cannot be done: no modem lines, a missing tool, power that stays on. */
export async function performRung(rung: Rung, context: RungContext): Promise<void> {
  const { connection, run = runResetCommand } = context;
  switch (rung.name) {
    case "console":
      (await connection.connect()).send({ do: "reset" });
      return;
    case "lines":
      return runSteps(rung.steps, connection);
    case "touch-1200":
      return touch(connection);
    case "break":
      return sendBreak(rung.ms, connection);
    case "probe":
      return run({ command: rung.command, install: `apt-get install ${rung.package}` });
    case "shell-reset":
      return run({ command: rung.command, install: BENCH_HINT });
    case "hub": {
      const switchTo = (action: "off" | "on") =>
        run({ command: hubCommand(rung, action), install: "apt-get install uhubctl" });
      return cyclePower(
        () => switchTo("off"),
        () => switchTo("on"),
        context,
      );
    }
    case "shell-power": {
      const relay = (command: readonly string[]) => run({ command, install: BENCH_HINT });
      return cyclePower(
        () => relay(rung.off),
        () => relay(rung.on),
        context,
      );
    }
  }
}

const BENCH_HINT = "check `shell` of this board in bench.json";

/** `uhubctl` switches one port; off and on are two steps, so that the absence between can be seen. */
export function hubCommand(
  { location, port }: { location: string; port: number },
  action: "off" | "on",
): string[] {
  return ["uhubctl", "-l", location, "-p", String(port), "-a", action];
}

async function runSteps(steps: readonly LineStep[], connection: SerialConnection): Promise<void> {
  await connection.connect();
  for (const step of steps) {
    if ("waitMs" in step) await connection.edges.sleep(step.waitMs);
    else {
      const { dtr, rts } = step;
      await openLink(connection).setLines({
        ...(dtr === undefined ? {} : { dtr }),
        ...(rts === undefined ? {} : { rts }),
      });
    }
  }
}

/** The CDC boards' sign to restart: the port opened at 1200 baud, DTR dropped, and closed. */
async function touch(connection: SerialConnection): Promise<void> {
  await connection.connect();
  const { path } = openLink(connection);
  await connection.disconnect();
  const link = await connection.edges.open({ path, baud: TOUCH_BAUD });
  try {
    await link.setLines({ dtr: false });
  } catch (error) {
    // A board may be gone by now, and a pseudo-terminal has no lines; closing it is the sign then.
    if (!(error instanceof BenchError)) throw error;
  } finally {
    await link.close();
  }
}

async function sendBreak(ms: number, connection: SerialConnection): Promise<void> {
  await connection.connect();
  const link = openLink(connection);
  await link.setLines({ brk: true });
  await connection.edges.sleep(ms);
  await link.setLines({ brk: false });
}

/** The power comes back whatever happened in between. */
async function cyclePower(
  off: () => Promise<void>,
  on: () => Promise<void>,
  { connection, absent }: RungContext,
): Promise<void> {
  try {
    await off();
    await absent();
    await connection.edges.sleep(OFF_MS);
  } finally {
    await connection.disconnect();
    await on();
  }
}

function openLink(connection: SerialConnection) {
  const { link } = connection;
  if (link !== undefined) return link;
  throw new BenchError(
    "port-lost",
    `the port of ${connection.name} is gone`,
    "check the cable, then try again",
  );
}
