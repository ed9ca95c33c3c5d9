/** The reboot campaign on a board behind a pseudo-terminal: the same rules, the same verdict. */
import { afterEach, beforeAll, expect, it } from "vitest";
import { readBoardDescription } from "../../../host/boards/board-description.ts";
import { ladderOf } from "../../../host/boards/rung.ts";
import { checkSamples } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import { provisionDevice } from "../../../host/console/conformance-device.ts";
import { SerialConnection } from "../../../host/console/serial-connection.ts";
import type { RungAttempt } from "../../../host/desk/ladder.ts";
import { serialLives } from "../../../host/desk/serial-lives.ts";
import { rebootCampaign } from "../../../host/sources/reboot-campaign.ts";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { buildFirmware } from "../emulated/tools.ts";

describeSerialBoard("a campaign on a serial board", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it("passes over 20 reboots by console, reset button and relay", async () => {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    const connection = new SerialConnection({
      name: board.port,
      baud: 115_200,
      locate: board.locate,
    });
    ends.push(() => connection.disconnect());
    await connection.ask({ do: "start" }, 10_000);
    await provisionDevice(await connection.connect(), new Uint8Array(16).fill(7), 2);
    const notes: string[] = [];
    const attempts: RungAttempt[] = [];
    const shell = {
      reset: board.command("reset"),
      off: board.command("off"),
      on: board.command("on"),
    };
    const result = await checkSamples(
      rebootCampaign({
        board: serialLives({
          connection,
          rungs: ladderOf(undefined, { shell }),
          onAttempt: (one) => attempts.push(one),
        }),
        description: await readBoardDescription("lm3s6965evb"),
        seed: 3,
        reboots: 20,
        nowUs: () => performance.now() * 1000,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        newKey: () => new Uint8Array(16),
        onNote: (note) => notes.push(note),
        retries: 3,
      }),
      {
        rules: RULES,
        asked: RULES.map(({ id }) => id).filter((id) => id !== "quiet-time"),
        context: {
          twoMslUs: 240e6,
          source: "board",
          ports: { first: 1024, last: 65535, reserved: [[5000, 5003]] },
        },
      },
    );
    expect(attempts.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(new Set(attempts.map(({ rung }) => rung))).toEqual(new Set(["console", "shell-reset"]));
    expect(notes).toEqual([]);
    expect(result.findings).toEqual([]);
    expect(result.rules.filter(({ status }) => status !== "pass").map(({ id }) => id)).toEqual([
      "quiet-time",
    ]);
    expect(result.counts.boots).toBe(21);
  });
});
