/** Full disks: the built command, on devices that have no room. The verdict must not look like one. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const CHECK = [MAIN, "check", "--reboots", "20", "--seed", "1"];

interface Ending {
  readonly exitCode: number | null;
  readonly err: string;
}

/** Runs a program with its standard output on `out`, an open file. */
function run(program: string, words: readonly string[], out: number | "ignore"): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", out, "pipe"] });
    let err = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, err }));
  });
}

async function runOnFullDevice(words: readonly string[]): Promise<Ending> {
  const full = openSync("/dev/full", "w");
  try {
    return await run(process.execPath, words, full);
  } finally {
    closeSync(full);
  }
}

describe("standard output on a full device", () => {
  it.each([
    ["a report", CHECK],
    ["help", [MAIN, "--help"]],
    ["a list", [MAIN, "analyze", "--list-rules"]],
  ])("ends %s with exit 3 and one clear line", async (_what, words) => {
    const { exitCode, err } = await runOnFullDevice(words);
    expect(exitCode).toBe(3);
    expect(err).toMatch(/cannot be written to standard output: ENOSPC.*\n {2}next: make room/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it("leaves the exit code alone when only messages find no room", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [...CHECK, "--board", "sim:fixed-plus-ticks"], {
      stdio: ["ignore", "ignore", full],
    });
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    closeSync(full);
    expect(exitCode).toBe(1);
  });
});

const mayMount = process.getuid?.() === 0;
if (!mayMount) console.warn("left out: files on a full disk (needs root, to mount one)");

describe.skipIf(!mayMount && process.env.ISNKIT_REQUIRE_ALL !== "1")(
  "a file on a full disk",
  () => {
    const folders: string[] = [];
    afterEach(() => {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    });

    /** In a mount namespace of its own: the mount is gone with the process, whatever happens here. */
    async function onFullDisk(
      words: readonly string[],
    ): Promise<Ending & { readonly left: string }> {
      const folder = mkdtempSync(join(tmpdir(), "isnkit-full-"));
      folders.push(folder);
      const script =
        'mkdir "$0/disk"; mount -t tmpfs -o size=16k tmpfs "$0/disk"; head -c 65536 /dev/zero > "$0/disk/rest" 2>/dev/null; cd "$0/disk"; "$@"; code=$?; ls > "$0/left"; exit $code';
      const ending = await run(
        "unshare",
        ["-m", "sh", "-c", script, folder, process.execPath, ...words],
        "ignore",
      );
      return { ...ending, left: readFileSync(join(folder, "left"), "utf8") };
    }

    it("is exit 3 for --output, and nothing is left that looks like a report", async () => {
      const { exitCode, err, left } = await onFullDisk([...CHECK, "--output", "report.txt"]);
      expect(exitCode).toBe(3);
      expect(err).toMatch(/cannot be written to "report.txt": ENOSPC.*\n {2}next: make room/);
      expect(left).toBe("rest\n");
    });

    it("is exit 3 for --keep, and no file is left to go on from that holds nothing", async () => {
      const words = ["check", "--board", "rp2040js:rpi-pico", "--reboots", "1", "--keep", "kept"];
      const { exitCode, err, left } = await onFullDisk([MAIN, ...words]);
      expect(exitCode).toBe(3);
      expect(err).toMatch(/"kept" cannot be written any more: ENOSPC/);
      expect(left).toBe("rest\n");
    });
  },
);
