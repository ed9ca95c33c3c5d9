/** `isnkit check` on a board behind a pseudo-terminal: verdicts, faults of the bench, and going on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, it } from "vitest";
import { isnkit } from "../../support/command.ts";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { buildFirmware } from "../emulated/tools.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Report {
  readonly verdict: string;
  readonly rules: readonly { readonly id: string; readonly status: string }[];
  readonly counts: { readonly boots: number };
  readonly notes: readonly string[];
}

describeSerialBoard("isnkit check on a serial board", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A board with a key, and its bench.json. */
  async function onTheShelf(shell: Record<string, string[]> = {}) {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    const bench = join(board.folder, "bench.json");
    const relay = {
      reset: board.command("reset"),
      off: board.command("off"),
      on: board.command("on"),
    };
    const entry = { model: "lm3s6965evb", port: board.port, shell: { ...relay, ...shell } };
    await writeFile(bench, JSON.stringify({ boards: { shelf: entry } }));
    const { exitCode } = await isnkit(["provision", "--board", "shelf", "--bench", bench, "--new"]);
    expect(exitCode).toBe(0);
    const words = ["check", "--bench", bench, "--board", "shelf", "--format", "json"];
    return { board, bench, words, kept: join(board.folder, "kept.ndjson") };
  }

  const open = (report: Report) =>
    report.rules
      .filter(({ status }) => status !== "pass")
      .map(({ id, status }) => `${id} ${status}`);

  it("passes over 20 reboots", async () => {
    const { words, board } = await onTheShelf();
    const output = join(board.folder, "report.json");
    const done = await isnkit([...words, "--reboots", "20", "--seed", "4", "--output", output]);
    expect(done.err).toBe("");
    const report: Report = JSON.parse(await readFile(output, "utf8"));
    expect(open(report)).toEqual(["quiet-time open"]);
    expect(report.counts.boots).toBe(21);
    expect(done.exitCode).toBe(0);
    await expect(stat(`${output}.samples.ndjson`)).rejects.toThrow("ENOENT");
  }, 60_000);

  it("follows the rungs and connections of a campaign file", async () => {
    const { words, board } = await onTheShelf();
    const campaign = join(board.folder, "campaign.json");
    const asked = {
      reboots: 6,
      seed: 9,
      workload: { connectionsPerBoot: 3, bytes: 10, closesFirst: "device" },
      bench: { rungs: ["shell-power"] },
    };
    await writeFile(campaign, JSON.stringify(asked));
    const done = await isnkit([...words, "--campaign", campaign]);
    const report: Report & { counts: { connections: number } } = JSON.parse(done.out);
    expect(report.counts.boots).toBe(7);
    expect(report.counts.connections).toBeLessThanOrEqual(7 * 3);
    expect(report.notes).toContain(
      "not followed on this board: workload.closesFirst of the campaign file",
    );
    expect(open(report).filter((rule) => rule.endsWith("fail"))).toEqual([]);
  }, 60_000);

  it("ends with exit 3 when the port is lost for good, and goes on when it is back", async () => {
    const { board, words, kept } = await onTheShelf();
    let looks = 0;
    const lost = isnkit([...words, "--reboots", "20", "--seed", "4", "--keep", kept], {
      errIsTerminal: true,
      err: () => {
        // Progress comes as the boots are done: in the middle the board is unplugged.
        if (++looks === 3) board.switch("off");
      },
    });
    expect((await lost).exitCode).toBe(3);
    expect(looks).toBeGreaterThan(2);
    board.switch("on");
    const done = await isnkit([...words.slice(0, 3), "--resume", kept, "--format", "json"]);
    expect(done.err).toBe("");
    const report: Report = JSON.parse(done.out);
    expect(open(report)).toEqual(["quiet-time open"]);
    expect(report.counts.boots).toBeGreaterThanOrEqual(21);
    expect(report.notes.join("\n")).toContain("the run went on from");
    expect(done.exitCode).toBe(0);
  }, 200_000);

  it("goes on after it was killed in the middle", async () => {
    const { words, kept } = await onTheShelf();
    const child = spawn(
      process.execPath,
      [`${ROOT}dist/cli/main.js`, ...words, "--reboots", "40", "--seed", "5", "--keep", kept],
      { stdio: "ignore" },
    );
    const gone = once(child, "exit");
    while (!/"done":8\b/.test(await readFile(kept, "utf8").catch(() => ""))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    await gone;
    // Half a line, as a write that was cut short leaves it.
    await writeFile(kept, `${await readFile(kept, "utf8")}{"sample":{"kind":"op`);
    const done = await isnkit([...words, "--resume", kept]);
    expect(done.err).toBe("");
    const report: Report = JSON.parse(done.out);
    expect(open(report)).toEqual(["quiet-time open"]);
    expect(report.counts.boots).toBeGreaterThanOrEqual(41);
    expect(done.exitCode).toBe(0);
  }, 100_000);

  it("refuses samples of another run, another device, and what is none", async () => {
    const { board, words, kept } = await onTheShelf();
    await isnkit([...words, "--reboots", "2", "--seed", "5", "--keep", kept]);
    const refuse = async (more: string[], file: string) => {
      const { exitCode, err } = await isnkit([...words, ...more, "--resume", file]);
      expect(exitCode).toBe(2);
      return err;
    };
    expect(await refuse(["--seed", "6"], kept)).toContain("they were made with seed 5, not 6");
    expect(await refuse([], join(board.folder, "bench.json"))).toContain(
      "it holds no whole line of them",
    );
    const text = await readFile(kept, "utf8");
    const damaged = join(board.folder, "damaged.ndjson");
    await writeFile(damaged, text.replace('"isn":', '"isn":-'));
    const other = join(board.folder, "other.ndjson");
    await writeFile(other, '{"schema":"isnkit.check/1"}\n');
    expect(await refuse([], other)).toContain("its first line is not that of kept samples");
    expect(await refuse([], damaged)).toMatch(/line \d+ is damaged/);
    const foreign = join(board.folder, "foreign.ndjson");
    await writeFile(
      foreign,
      text.replace(/"device":\d+/, '"device":1').replace(/{"done":3}\n/, ""),
    );
    expect(await refuse([], foreign)).toContain("has another key than the device of this campaign");
  }, 60_000);

  it("blames the bench when the board is not there, and keeps nothing of nothing", async () => {
    const { board, words, kept } = await onTheShelf();
    board.switch("off");
    const { exitCode, err } = await isnkit([...words, "--reboots", "1", "--keep", kept]);
    expect(exitCode).toBe(3);
    expect(err).toContain("is not attached");
    // Nothing was seen: no file stands in the way of the next try.
    await expect(stat(kept)).rejects.toThrow("ENOENT");
  }, 60_000);
});
