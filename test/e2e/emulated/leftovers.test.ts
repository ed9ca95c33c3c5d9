/** Whatever ends a campaign, no emulator, server, namespace or folder stays behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware } from "./tools.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MARK = "ISNKIT_TEST_MARK";

/** Polled, as processes that are no children cannot be waited for. */
async function until<T>(what: string, ask: () => T | undefined | false, ms: number): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`${what} did not come about within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes that carry the mark in their environment, which they inherit, by number. */
function marked(mark: string): { pid: string; command: string; network: string }[] {
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${MARK}=${mark}`)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      found.push({ pid, command, network: readlinkSync(`/proc/${pid}/ns/net`) });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

describeNetwork("whatever ends a campaign on a network", () => {
  let folder = "";
  let mark = "";
  let child: ChildProcess;

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "isnkit-leftovers-"));
    mark = randomUUID();
  });
  afterEach(() => {
    for (const { pid } of marked(mark)) process.kill(Number(pid), "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  function start(words: readonly string[]): Promise<number | NodeJS.Signals> {
    child = spawn(process.execPath, words, {
      cwd: ROOT,
      stdio: "ignore",
      env: { ...process.env, TMPDIR: folder, [MARK]: mark },
    });
    return new Promise((resolve) =>
      child.once("exit", (code, signal) => resolve(signal ?? code ?? -1)),
    );
  }

  /** The third power cycle runs: emulator, server, holder of the namespace, and two kinds of folders. */
  async function inTheMiddle(recording: RegExp): Promise<void> {
    await until(
      "the third power cycle",
      () => {
        const files = readdirSync(folder, { recursive: true }).map(String);
        const commands = marked(mark).map(({ command }) => command);
        return (
          files.some((file) => recording.test(file)) &&
          files.some((file) => file.endsWith("eeprom.bin")) &&
          commands.some((command) => command.includes("qemu-system-arm")) &&
          commands.some((command) => command.includes("-server.mjs"))
        );
      },
      60_000,
    );
    const own = readlinkSync("/proc/self/ns/net");
    expect(marked(mark).filter(({ network }) => network !== own).length).toBeGreaterThan(1);
  }

  const check = ["dist/cli/main.js", "check", "--board", "qemu:lm3s6965evb", "--reboots", "100000"];
  const demo = ["scripts/demo-mail.mjs", "--reboots", "1000"];

  it.each([
    ["check", check, /cycle-2\.pcap$/, "SIGINT", 130],
    ["check", check, /cycle-2\.pcap$/, "SIGTERM", "SIGTERM"],
    ["check", check, /cycle-2\.pcap$/, "SIGKILL", "SIGKILL"],
    ["demo:mail", demo, /boot-2\.pcap$/, "SIGINT", 130],
    ["demo:mail", demo, /boot-2\.pcap$/, "SIGTERM", "SIGTERM"],
    ["demo:mail", demo, /boot-2\.pcap$/, "SIGKILL", "SIGKILL"],
  ] as const)(
    "leaves nothing behind: $0 by $3",
    async (_, words, recording, signal, ending) => {
      const ended = start(words);
      await inTheMiddle(recording);
      child.kill(signal);
      expect(await ended).toBe(ending);
      await until("the end of all processes", () => marked(mark).length === 0, 10_000);
      // The namespace had no name and no process is left in it, so it and its tap are gone with them.
      expect(readdirSync(folder)).toEqual([]);
    },
    120_000,
  );
});
