/** Does on an emulated board what a life asks for, one request after the other. */

import type { PoweredBoard } from "../../boards/powered-board.ts";
import { waitForHello } from "../../console/conformance-device.ts";
import { ConsoleSession } from "../../console/console-session.ts";
import { BenchError } from "../../core/errors.ts";
import type { BoardAnswer, BoardRequest, ConsoleFields } from "./board-request.ts";

const NOTHING: BoardAnswer = { fields: new Map(), torn: false };

export class BoardService {
  readonly #board: PoweredBoard;
  #session: ConsoleSession | undefined;

  constructor(board: PoweredBoard) {
    this.#board = board;
  }

  /** Throws BenchError when the board does not answer. */
  async answer(request: BoardRequest): Promise<BoardAnswer> {
    switch (request.ask) {
      case "power-on":
        return this.#powerOn(request.contents);
      case "reset":
        return this.#reset();
      case "commands":
        return this.#command(request.commands);
      case "power-off":
        return this.#powerOff();
    }
  }

  async #powerOn(contents: Uint8Array | undefined): Promise<BoardAnswer> {
    if (contents !== undefined) await this.#board.replaceStorage(contents);
    this.#session = new ConsoleSession(await this.#board.powerOn());
    await waitForHello(this.#session);
    return NOTHING;
  }

  async #reset(): Promise<BoardAnswer> {
    const session = this.#running();
    const hello = waitForHello(session);
    session.send({ do: "reset" });
    await hello;
    return NOTHING;
  }

  async #command(commands: readonly ConsoleFields[]): Promise<BoardAnswer> {
    const session = this.#running();
    for (const fields of commands.slice(0, -1)) session.send(fields);
    const record = await session.command(
      commands.at(-1) ?? { do: "status" },
      ({ type }) => type === "torn",
    );
    return { fields: record.fields, torn: record.type === "torn" };
  }

  async #powerOff(): Promise<BoardAnswer> {
    const session = this.#session;
    this.#session = undefined;
    await this.#board.powerOff();
    await session?.over;
    return { ...NOTHING, contents: await this.#board.readStorage() };
  }

  #running(): ConsoleSession {
    if (this.#session !== undefined) return this.#session;
    throw new BenchError(
      "no-power",
      `${this.#board.name} has no power`,
      "this is a bug in isnkit: please report it with the case",
    );
  }
}
