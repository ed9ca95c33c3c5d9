/** The worked example of docs/library.md, as a user would run it, against an emulated board. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MonitorEvent, openBoard } from "../../host/index.ts";
import { describeSerialBoard, PtyBoard } from "../support/pty-board.ts";
import { buildFirmware } from "./emulated/tools.ts";

describeSerialBoard("the example of docs/library.md", async () => {
  let device: PtyBoard;
  beforeAll(async () => {
    buildFirmware("lm3s6965evb");
    device = await PtyBoard.create();
    device.switch("on");
    const bench = join(device.folder, "bench.json");
    const shell = { reset: device.command("reset") };
    const boards = { shelf: { model: "lm3s6965evb", port: device.port, shell } };
    await writeFile(bench, JSON.stringify({ boards }));
    process.env.BENCH = bench;
  });
  afterAll(async () => {
    delete process.env.BENCH;
    await device.dispose();
  });

  await import("../../docs/examples/board.test.ts");

  it("stands in the page word for word", async () => {
    const page = await readFile(new URL("../../docs/library.md", import.meta.url), "utf8");
    const example = new URL("../../docs/examples/board.test.ts", import.meta.url);
    expect(page).toContain(`\`\`\`ts\n${await readFile(example, "utf8")}\`\`\``);
  });

  it("can watch the console as isnkit monitor does", async () => {
    await using board = await openBoard("shelf", { bench: join(device.folder, "bench.json") });
    const seen: MonitorEvent[] = [];
    for await (const event of board.monitor()) {
      seen.push(event);
      if (event.kind === "open") device.switch("reset");
      if (event.kind === "record" && event.record.type === "hello") break;
    }
    expect(seen.at(-1)).toMatchObject({ kind: "record", record: { type: "hello" } });
    expect((await board.status()).cause).toBe("external");
  });
});
