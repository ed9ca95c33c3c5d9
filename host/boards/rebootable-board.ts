/**
 * What a campaign needs of a board, in an emulator or on the desk: lives of the device, which begin
 * with its `hello` and end when the bench ends them.
 */
import { waitForHello } from "../console/conformance-device.ts";
import type { ConsoleEvent } from "../console/console-record.ts";
import { ConsoleSession } from "../console/console-session.ts";
import type { PoweredBoard } from "./powered-board.ts";

/** How the bench ends a life: at once and without warning, or by a command over the console. */
export type LifeEnd = "cut" | "console";

export interface BoardAbilities {
  /** What ends a life without warning: its power, a reset from outside, or nothing. */
  readonly cut: "power" | "reset" | "none";
  /** Whether the bench can put another memory into the board. */
  readonly storage: boolean;
}

/** A device that has started and said hello. */
export interface Life {
  readonly session: ConsoleSession;
  /** Why it started: `power-on`, `power-cut`, `reset`, `watchdog`, … */
  readonly cause: string;
}

export interface RebootableBoard {
  /** For people and reports: `qemu:lm3s6965evb`, `/dev/ttyACM0`. */
  readonly name: string;
  readonly abilities: BoardAbilities;
  /**
   * Begins the next life, or hands over the one that `end` has already begun. `onEvent` sees what the
   * device sends from its hello on. BenchError when the board does not start.
   */
  begin(onEvent: (event: ConsoleEvent) => void): Promise<Life>;
  /**
   * Ends the life; when it settles, everything that was sent in it has been seen. True when the next
   * life has begun with it.
   */
  end(how: LifeEnd): Promise<boolean>;
  /** Replaces the journal's memory, between two lives. */
  replaceStorage(contents: Uint8Array): Promise<void>;
  /** After a fault of the bench: lets go of what there is, so that `begin` can start anew. */
  abandon(): Promise<void>;
  /** Lets go of the board for good. Idempotent. */
  dispose(): Promise<void>;
}

/** A board whose power the bench holds. */
export function poweredLives(board: PoweredBoard): RebootableBoard {
  return new PoweredLives(board);
}

class PoweredLives implements RebootableBoard {
  readonly abilities: BoardAbilities = { cut: "power", storage: true };
  readonly #board: PoweredBoard;
  #session: ConsoleSession | undefined;
  #cause = "power-on";

  constructor(board: PoweredBoard) {
    this.#board = board;
  }

  get name(): string {
    return this.#board.name;
  }

  async begin(onEvent: (event: ConsoleEvent) => void): Promise<Life> {
    const running = this.#session;
    if (running !== undefined) return { session: running, cause: this.#cause };
    const session = new ConsoleSession(await this.#board.powerOn(), { onEvent });
    this.#session = session;
    await waitForHello(session);
    return { session, cause: this.#cause };
  }

  async end(how: LifeEnd): Promise<boolean> {
    const session = this.#session;
    if (how === "console" && session !== undefined) {
      this.#cause = "reset";
      const hello = waitForHello(session);
      session.send({ do: "reset" });
      await hello;
      return true;
    }
    this.#cause = "power-cut";
    await this.abandon();
    // What was sent before the cut still counts.
    await session?.over;
    return false;
  }

  async replaceStorage(contents: Uint8Array): Promise<void> {
    await this.#board.replaceStorage(contents);
  }

  async abandon(): Promise<void> {
    this.#session = undefined;
    await this.#board.powerOff();
  }

  async dispose(): Promise<void> {
    await this.#board.dispose();
  }
}
