/** A board on a serial port as the campaign needs it: lives that a rung of its ladder ends. */

import { cutsIn, type Rung } from "../boards/rung.ts";
import type { ConsoleEvent } from "../console/console-record.ts";
import type {
  BoardAbilities,
  Life,
  LifeEnd,
  RebootableBoard,
} from "../console/rebootable-board.ts";
import type { SerialConnection } from "../console/serial-connection.ts";
import { UsageError } from "../core/errors.ts";
import { climb, type RungAttempt } from "./ladder.ts";
import { type Restart, restartBy } from "./restart.ts";
import type { RunCommand } from "./rung-action.ts";

export interface SerialLivesOptions {
  readonly connection: SerialConnection;
  /** The ladder, or the rungs of it that may be used; at least one. */
  readonly rungs: readonly Rung[];
  readonly run?: RunCommand;
  readonly startMs?: number;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: RungAttempt) => void;
}

/**
 * The device is restarted at the first `begin`, so that the campaign knows its life from the start. Its
 * memory stays its own: the bench cannot replace it.
 */
export function serialLives(options: SerialLivesOptions): RebootableBoard {
  return new SerialLives(options);
}

class SerialLives implements RebootableBoard {
  readonly name: string;
  readonly abilities: BoardAbilities;
  readonly #options: SerialLivesOptions;
  #cause: string | undefined;
  #forget: () => void = () => undefined;

  constructor(options: SerialLivesOptions) {
    this.name = options.connection.name;
    this.#options = options;
    this.abilities = { cut: options.rungs.some(cutsIn) ? "reset" : "none", storage: false };
  }

  async begin(onEvent: (event: ConsoleEvent) => void): Promise<Life> {
    const { connection, rungs } = this.#options;
    this.#forget();
    this.#forget = connection.listen(onEvent);
    const cause = this.#cause ?? (await this.#restart(rungs)).cause;
    this.#cause = cause;
    return { session: await connection.connect(), cause };
  }

  async end(how: LifeEnd): Promise<boolean> {
    const { rungs } = this.#options;
    const fitting = rungs.filter((rung) => (how === "console") === (rung.name === "console"));
    this.#cause = undefined;
    // A board that can only be reset from outside gets that for the console's command too.
    this.#cause = (await this.#restart(fitting.length > 0 ? fitting : rungs)).cause;
    return true;
  }

  async replaceStorage(): Promise<void> {
    throw new UsageError(
      "no-storage",
      `the memory of ${this.name} cannot be replaced over its console`,
      "check an emulated board for that: qemu:lm3s6965evb",
    );
  }

  async abandon(): Promise<void> {
    this.#cause = undefined;
    await this.#options.connection.disconnect();
  }

  async dispose(): Promise<void> {
    this.#forget();
    await this.#options.connection.disconnect();
  }

  async #restart(rungs: readonly Rung[]): Promise<Restart> {
    const { connection, signal, onAttempt } = this.#options;
    const { nowMs, sleep } = connection.edges;
    const { result } = await climb({
      name: this.name,
      rungs,
      attempt: (rung) => restartBy(rung, this.#options),
      nowMs,
      sleep,
      ...(signal === undefined ? {} : { signal }),
      ...(onAttempt === undefined ? {} : { onAttempt }),
    });
    return result;
  }
}
