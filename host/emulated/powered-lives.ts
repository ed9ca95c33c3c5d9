/** The lives of a board whose power the bench holds: it ends them by a cut, or over the console. */
import type { PoweredBoard } from "../boards/powered-board.ts";
import { waitForHello } from "../console/conformance-device.ts";
import type { ConsoleEvent } from "../console/console-record.ts";
import { ConsoleSession } from "../console/console-session.ts";
import type {
  BoardAbilities,
  Life,
  LifeEnd,
  RebootableBoard,
} from "../console/rebootable-board.ts";

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
