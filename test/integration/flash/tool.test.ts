/** External flashers: small programs that succeed, fail, babble and hang, and a real one where it is. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boardModels, readBoardDescription } from "../../../host/boards/board-description.ts";
import {
  type FlashToolOptions,
  filledToolCommand,
  runFlashTool,
} from "../../../host/flash/flash-tool.ts";
import { findProgram } from "../../../host/system/guarded-process.ts";

describe("an external flasher", () => {
  const folder = mkdtempSync(join(tmpdir(), "isnkit-tool-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function tool(name: string, script: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  function options(command: readonly string[], more: Partial<FlashToolOptions> = {}) {
    return { command, package: "openocd", image: "/tmp/a b;$(touch x).elf", ...more };
  }

  it("gets its words as they are, without a shell", async () => {
    const out = join(folder, "words.txt");
    const path = tool("words", `printf '%s\\n' "$@" > ${out}`);
    const command = [path, "program {image} verify", "--port={port}", "adapter serial {serial}"];
    await runFlashTool(options(command, { port: "/dev/ttyACM0", serial: "E66 1'" }));
    expect(readFileSync(out, "utf8")).toBe(
      "program /tmp/a b;$(touch x).elf verify\n--port=/dev/ttyACM0\nadapter serial E66 1'\n",
    );
  });

  it("is not run when a placeholder has no value: it might write to another board", () => {
    expect(() => filledToolCommand(options(["x", "adapter serial {serial}"]))).toThrow(
      /needs \{serial\}/,
    );
  });

  it("that is not installed is named with its package", async () => {
    await expect(runFlashTool(options(["no-such-flasher"]))).rejects.toMatchObject({
      code: "tool-missing",
      next: "apt-get install openocd",
      exitCode: 3,
    });
    await expect(runFlashTool(options(["/nowhere/flasher"]))).rejects.toMatchObject({
      code: "tool-missing",
    });
  });

  it("that fails is shown with its last lines, fit for a terminal", async () => {
    const path = tool(
      "fails",
      `for i in 1 2 3 4 5 6 7; do echo "line $i"; done; printf 'Error: \\033[31mno device\\033[0m\\r\\n' >&2; exit 7`,
    );
    const lines: string[] = [];
    const failure = runFlashTool(options([path], { onLine: (line) => lines.push(line) }));
    await expect(failure).rejects.toMatchObject({
      code: "tool-failed",
      message: expect.stringMatching(/failed \(7\): .*Error: \\x1b\[31mno device/),
    });
    expect(lines).toContain("line 1");
    expect(lines.join("")).not.toContain("\u001b");
  });

  it("shows its progress as it comes, carriage returns and all", async () => {
    const path = tool("progress", `printf '10%%\\r50%%\\r100%%\\ndone'`);
    const lines: string[] = [];
    await runFlashTool(options([path], { onLine: (line) => lines.push(line) }));
    expect(lines).toEqual(["10%", "50%", "100%", "done"]);
  });

  it("that hangs is killed with all that it started", async () => {
    const pidFile = join(folder, "pid");
    const path = tool("hangs", `sleep 1000 & echo $! > ${pidFile}; echo waiting; wait`);
    await expect(runFlashTool(options([path], { timeoutMs: 700 }))).rejects.toMatchObject({
      code: "tool-slow",
      message: expect.stringContaining("waiting"),
    });
    const pid = readFileSync(pidFile, "utf8").trim();
    expect(isAlive(Number(pid))).toBe(false);
  });

  it("is ended at Ctrl-C", async () => {
    const path = tool("endless", "echo started; exec sleep 1000");
    const stop = new AbortController();
    const running = runFlashTool(
      options([path], { signal: stop.signal, onLine: () => stop.abort() }),
    );
    await expect(running).rejects.toThrow("was interrupted");
  });

  it("that babbles for ever fills no memory", async () => {
    const path = tool(
      "babbles",
      "yes 'the same line again and again, without an end' & exec sleep 1000",
    );
    const before = process.memoryUsage().heapUsed;
    let lines = 0;
    const stop = new AbortController();
    const running = runFlashTool(
      options([path], {
        signal: stop.signal,
        onLine: () => {
          lines++;
          if (lines === 200_000) stop.abort();
        },
      }),
    );
    await expect(running).rejects.toThrow("was interrupted");
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  }, 30_000);

  it("of every board.json names a program and fills in whole", async () => {
    for (const model of await boardModels()) {
      const { flash = [] } = await readBoardDescription(model);
      for (const method of flash) {
        if (method.method !== "tool") continue;
        const command = filledToolCommand({
          ...method,
          image: "/x.elf",
          port: "/dev/ttyACM0",
          serial: "123",
        });
        expect(command[0], model).toBe(method.tool);
        expect(command.join(" "), model).toContain("/x.elf");
        expect(command.join(" "), model).not.toMatch(/[{}]/);
      }
    }
  });

  const real = ["openocd", "dfu-util", "bossac"].find((name) => findProgram(name) !== undefined);
  // Nothing may be left out where everything is required.
  const leftOut = real === undefined && process.env.ISNKIT_REQUIRE_ALL !== "1";
  if (leftOut) console.warn("left out: a real flasher; apt-get install dfu-util");
  it.skipIf(leftOut)("may be the real one", async () => {
    await runFlashTool(options([real ?? "dfu-util", "--version"]));
  });
});

/** Not a process that runs: one that is dead and waits for its parent counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
