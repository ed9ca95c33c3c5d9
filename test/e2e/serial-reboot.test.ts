/** Reboots of emulated boards behind a pseudo-terminal, by node-serialport, with a relay of real processes. */
import { afterEach, beforeAll, expect, it } from "vitest";
import { provisionDevice } from "../../host/boards/conformance-device.ts";
import { SerialConnection } from "../../host/boards/serial-connection.ts";
import {
  type ProvenReboot,
  type RebootOptions,
  rebootBoard,
} from "../../host/reboot/reboot-board.ts";
import { ladderOf, type Rung } from "../../host/reboot/rung.ts";
import { PtyBoard } from "../support/pty-board.ts";
import { buildFirmware, describeArm } from "./arm-tools.ts";

const KEY = new Uint8Array(16).map((_, i) => i + 1);

describeArm("reboots of a board on a serial port", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A board with a key, behind an open port. */
  async function provisioned() {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    const connection = new SerialConnection({
      name: "the board",
      baud: 115_200,
      locate: board.locate,
    });
    ends.push(() => connection.disconnect());
    await connection.ask({ do: "start" }, 10_000);
    await provisionDevice(await connection.connect(), KEY, 2);
    return { board, connection };
  }

  const ladder = (board: PtyBoard): Rung[] =>
    ladderOf(undefined, {
      shell: {
        reset: board.command("reset"),
        off: board.command("off"),
        on: board.command("on"),
      },
    });

  async function reboots(options: RebootOptions): Promise<ProvenReboot[]> {
    const all: ProvenReboot[] = [];
    for await (const one of rebootBoard(options)) all.push(one);
    return all;
  }

  it("are proved by the count and the cause, rung by rung", async () => {
    const { board, connection } = await provisioned();
    const causes = { console: "reset", "shell-reset": "external", "shell-power": "power-on" };
    let before = 1;
    for (const rung of ladder(board)) {
      const done = await reboots({ connection, rungs: [rung], count: 2 });
      expect(done.map(({ bootCount }) => bootCount)).toEqual([
        { before, after: before + 1 },
        { before: before + 1, after: before + 2 },
      ]);
      before += 2;
      for (const { cause, absence, unrequested } of done) {
        expect({ rung: rung.name, cause }).toEqual({
          rung: rung.name,
          cause: causes[rung.name as keyof typeof causes],
        });
        expect(absence).toBe(rung.name === "shell-power" ? "port" : undefined);
        expect(unrequested).toEqual([]);
      }
    }
  });
});
