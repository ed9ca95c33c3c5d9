/** docs/first-board.md: its commands are run in a shell, and its transcript is held to what they print. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstDifference, masked, transcriptSteps } from "../support/transcript.ts";
import { buildFirmware, describeArm } from "./emulated/tools.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const [desk, ...steps] = transcriptSteps(readFileSync(`${ROOT}docs/first-board.md`, "utf8"));

describeArm("docs/first-board.md", () => {
  let folder = "";
  let environment: NodeJS.ProcessEnv = {};
  let board: ChildProcess;
  let boardSaid = "";

  // A clone as its reader has it, with the command on the search path.
  beforeAll(async () => {
    buildFirmware("mps2-an385");
    folder = mkdtempSync(join(tmpdir(), "isnkit-first-board-"));
    mkdirSync(join(folder, "build"));
    mkdirSync(join(folder, "bin"));
    copyFileSync(`${ROOT}build/isnkit.wasm`, join(folder, "build/isnkit.wasm"));
    symlinkSync(`${ROOT}scripts`, join(folder, "scripts"));
    const command = join(folder, "bin/isnkit");
    writeFileSync(
      command,
      `#!/bin/sh\nexec "${process.execPath}" "${ROOT}dist/cli/main.js" "$@"\n`,
    );
    chmodSync(command, 0o755);
    board = start(desk?.command ?? "", { ...process.env, TMPDIR: "/tmp" });
    for await (const line of createInterface({ input: board.stdout ?? process.stdin })) {
      boardSaid += `${line}\n`;
      if (line.includes("docs/first-board.md")) break;
    }
    const [, bench = ""] = /ISNKIT_BENCH=(.*)/.exec(boardSaid) ?? [];
    environment = { PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, ISNKIT_BENCH: bench };
  });

  afterAll(async () => {
    if (board.exitCode === null && board.signalCode === null) await leave(board);
    rmSync(folder, { recursive: true, force: true });
  });

  function start(command: string, env: NodeJS.ProcessEnv): ChildProcess {
    return spawn("/bin/sh", ["-c", `exec ${command}`], { cwd: folder, env });
  }

  it("shows how the emulated board begins", () => {
    expect(firstDifference(desk?.lines ?? [], boardSaid)).toBeUndefined();
  });

  it("has the whole way in it", () => {
    const commands = steps.map(({ command }) => command.split(" ").slice(0, 2).join(" "));
    const way = ["doctor", "boards", "flash", "provision", "monitor", "reboot", "check", "report"];
    for (const word of way) expect(commands).toContain(`isnkit ${word}`);
  });

  it.each(steps)(
    "$command",
    async ({ command, lines }) => {
      const said = command.includes("isnkit monitor")
        ? await typed(start(command, environment), lines)
        : await shell(command);
      const shown = lines.filter((line) => !line.startsWith("> "));
      expect(firstDifference(shown, said)).toBeUndefined();
    },
    200_000,
  );

  it("leaves a report behind", () => {
    expect(readFileSync(join(folder, "build/report.html"), "utf8")).toContain("board shelf");
  });

  it("removes the board at Ctrl-C", async () => {
    const [, place = ""] = /is (\S+)\/port/.exec(boardSaid) ?? [];
    expect(existsSync(place)).toBe(true);
    await leave(board);
    expect(existsSync(place)).toBe(false);
  });

  /** Both streams, and the exit code behind them where it is not 0. */
  function shell(command: string): Promise<string> {
    return new Promise((resolve) => {
      execFile(
        "/bin/sh",
        ["-c", `{ ${command}; } 2>&1`],
        { cwd: folder, env: environment },
        (error, out) => resolve(error === null ? out : `${out}exit code ${error.code}\n`),
      );
    });
  }
});

async function leave(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGINT");
  await gone;
}

/** Types what the page shows as typed, each as soon as the lines before it have come, and leaves. */
async function typed(child: ChildProcess, lines: readonly string[]): Promise<string> {
  const gone = once(child, "exit");
  let said = "";
  const come = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  for (const line of lines) {
    if (line.startsWith("> ")) child.stdin?.write(`${line.slice(2)}\n`);
    else {
      const { value } = await come.next();
      said += `${value}\n`;
      // What comes after a line that is not the page's would only be waited for.
      if (masked(String(value)) !== masked(line)) break;
    }
  }
  child.kill("SIGINT");
  await gone;
  return said;
}
