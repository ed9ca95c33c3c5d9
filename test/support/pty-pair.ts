/** A serial line without hardware: two pseudo-terminals that socat joins. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe } from "vitest";
import { findProgram } from "../../host/system/guarded-process.ts";

export interface PtyPair {
  /** Symbolic links to the two ends; a new pair in the same folder has the same names. */
  readonly host: string;
  readonly device: string;
  /** Both ends vanish, as at an unplug. */
  unplug(): Promise<void>;
}

/** Makes the pair; settles when both ends are there. */
export async function joinedPty(folder: string, names = ["host", "device"]): Promise<PtyPair> {
  const [host = "", device = ""] = names.map((name) => join(folder, name));
  const ends = [host, device].map((link) => `pty,raw,echo=0,link=${link}`);
  const socat = spawn("socat", ["-d", "-d", ...ends], { stdio: ["ignore", "ignore", "pipe"] });
  const gone = once(socat, "exit");
  const words: string[] = [];
  for await (const line of createInterface({ input: socat.stderr })) {
    words.push(line);
    if (line.includes("starting data transfer loop")) break;
  }
  if (socat.exitCode !== null) throw new Error(`socat ended: ${words.join("; ")}`);
  socat.stderr.resume();
  return {
    host,
    device,
    unplug: async () => {
      socat.kill("SIGTERM");
      await gone;
    },
  };
}

/** A folder of its own for the pairs of one test, removed afterwards with everything in it. */
export async function inPtyFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "isnkit-pty-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `describe`, or a skip that says what to install; a failure where everything is required. */
export function describePty(name: string, body: () => void): void {
  if (findProgram("socat") !== undefined || process.env.ISNKIT_REQUIRE_ALL === "1") {
    describe(name, body);
    return;
  }
  console.warn(`left out: ${name} (missing socat; apt-get install socat)`);
  describe.skip(name, body);
}
