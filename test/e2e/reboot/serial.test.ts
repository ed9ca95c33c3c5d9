/** Reboots of emulated boards behind a pseudo-terminal, by node-serialport, with a relay of real processes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { ladderOf, type Rung } from "../../../host/boards/rung.ts";
import { provisionDevice } from "../../../host/console/conformance-device.ts";
import { SerialConnection } from "../../../host/console/serial-connection.ts";
import {
  type ProvenReboot,
  type RebootOptions,
  rebootBoard,
} from "../../../host/reboot/reboot-board.ts";
import { isnkit } from "../../support/command.ts";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { buildFirmware } from "../emulated/tools.ts";

const KEY = new Uint8Array(16).map((_, i) => i + 1);

describeSerialBoard("reboots of a board on a serial port", () => {
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

  it("are not tried on a device without a key, which could prove none", async () => {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    const { exitCode, err } = await isnkit(["reboot", "--board", board.port]);
    expect(exitCode).toBe(3);
    expect(err).toContain("has no key yet");
    expect(err).toContain("next: give it one: isnkit provision --board");
  });

  it("are what isnkit reboot makes of a name in bench.json", async () => {
    const { board, connection } = await provisioned();
    await connection.disconnect();
    const bench = join(board.folder, "bench.json");
    const shell = { off: board.command("off"), on: board.command("on") };
    const entry = { model: "lm3s6965evb", port: board.port, shell };
    await writeFile(bench, JSON.stringify({ boards: { shelf: entry } }));
    const words = ["reboot", "--board", "shelf", "--bench", bench];
    const listed = await isnkit([...words, "--list-rungs"]);
    expect(listed).toEqual({ exitCode: 0, out: "console\nshell-power\n", err: "" });
    const plain = await isnkit([...words, "--count", "2"]);
    expect(plain.err).toBe("");
    expect(plain.out).toMatch(
      /^reboot 1 of 2: console, cause reset, boot count 1 → 2, .*\nreboot 2 of 2: console, cause reset, boot count 2 → 3, .*\n2 of 2 reboots proved\n$/,
    );
    expect(plain.exitCode).toBe(0);
    const cut = await isnkit([...words, "--rung", "shell", "--format", "json"]);
    expect(JSON.parse(cut.out)).toMatchObject({
      schema: "isnkit.reboot/1",
      proven: 1,
      count: 1,
      reboots: [{ rung: "shell-power", absence: "port", cause: "power-on" }],
    });
    expect(cut.exitCode).toBe(0);
    const unknown = await isnkit([...words, "--rung", "hub"]);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.err).toContain("it has console, shell-power");
  });

  it("without the power's end are no reboots: a relay that does nothing is found out", async () => {
    const { board, connection } = await provisioned();
    await connection.disconnect();
    const bench = join(board.folder, "bench.json");
    const entry = {
      model: "lm3s6965evb",
      port: board.port,
      shell: { off: ["true"], on: ["true"] },
    };
    await writeFile(bench, JSON.stringify({ boards: { shelf: entry } }));
    const words = ["reboot", "--board", "shelf", "--bench", bench, "--rung", "shell-power"];
    const { exitCode, out, err } = await isnkit([...words, "--format", "json"]);
    expect(exitCode).toBe(3);
    expect(err).toContain("still speaks after its power was switched off");
    expect(JSON.parse(out)).toMatchObject({ proven: 0, error: { code: "reboot-failed" } });
  });
});
