/** An unplug at every byte: what the monitor tells is the truth, and nothing is told twice. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { consoleChecksum } from "../../../host/console/console-record.ts";
import { BenchError } from "../../../host/core/errors.ts";
import { watchFolders } from "../../../host/desk/change-signal.ts";
import { ConsoleMonitor } from "../../../host/monitor/console-monitor.ts";
import type { ConsoleLink, ConsoleSource } from "../../../host/monitor/console-source.ts";

const RECORDS = Array.from({ length: 5 }, (_, n) => {
  const text = `n=${n} t=open lp=${1024 + n}`;
  return `${text} *${consoleChecksum(text)}\r\n`;
});
const STREAM = Buffer.from(RECORDS.join(""));

const lost = () => new BenchError("port-lost", "gone", "plug it in");

/** A port that gives these pieces, with a loss of the line after each but the last. */
function source(pieces: readonly Uint8Array[], away = 0): ConsoleSource {
  const left = [...pieces];
  let looks = 0;
  const open = async (): Promise<ConsoleLink> => {
    const piece = left.shift() ?? new Uint8Array();
    async function* input() {
      yield piece;
      if (left.length > 0) throw lost();
    }
    return { path: "port", input: input(), write: async () => {}, close: async () => {} };
  };
  return {
    name: "port",
    counterHz: undefined,
    open,
    reopen: async () => (looks++ < away ? `look ${looks}` : open()),
    signal: () => ({ next: async () => {}, close: () => {} }),
  };
}

async function told(from: ConsoleSource): Promise<string[]> {
  let nowUs = 0;
  const monitor = new ConsoleMonitor({ source: from, nowUs: () => nowUs++ });
  const seen: string[] = [];
  for await (const events of monitor.events()) {
    for (const event of events) {
      if (event.kind === "record") seen.push(`record ${event.record.number}`);
      else if (event.kind === "gap") seen.push(`gap ${event.first}-${event.last}`);
      else if (event.kind === "waiting") seen.push(event.reason);
      else seen.push(event.kind);
    }
  }
  return seen;
}

describe("a monitor whose port is lost after any byte", () => {
  it("shows each record once, the cut one as damaged and missing, and goes on", async () => {
    const ends = RECORDS.map((_, i) => RECORDS.slice(0, i + 1).join("").length);
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const seen = await told(source([STREAM.subarray(0, cut), STREAM.subarray(cut)]));
      const records = seen.filter((one) => one.startsWith("record"));
      const whole = ends.filter((end) => end <= cut).length;
      const start = whole === 0 ? 0 : (ends[whole - 1] ?? 0);
      const inside = cut > start && cut < (ends[whole] ?? 0);
      // A record without its line end is not taken: the end might belong to another one.
      const expected = [0, 1, 2, 3, 4].filter((n) => !(inside && n === whole));
      expect(records, `cut at ${cut}`).toEqual(expected.map((n) => `record ${n}`));
      const isMissed = inside && whole > 0 && whole < 4;
      expect(seen.includes(`gap ${whole}-${whole}`), `cut at ${cut}: ${seen}`).toBe(isMissed);
      expect(seen.filter((one) => one === "lost").length).toBe(1);
    }
  });

  it("says what it waits for, each reason once", async () => {
    const seen = await told(source([STREAM.subarray(0, 0), STREAM], 2));
    expect(seen.slice(0, 5)).toEqual(["open", "lost", "look 1", "look 2", "open"]);
  });

  it("ends with the loss when it may not wait, having told all that came", async () => {
    const monitor = new ConsoleMonitor({
      source: source([STREAM, STREAM]),
      nowUs: () => 0,
      once: true,
    });
    const kinds: string[] = [];
    const run = (async () => {
      for await (const events of monitor.events()) kinds.push(...events.map(({ kind }) => kind));
    })();
    await expect(run).rejects.toMatchObject({ code: "port-lost", exitCode: 3 });
    expect(kinds).toEqual(["open", ...RECORDS.map(() => "record"), "lost"]);
  });

  it("fails when the port cannot be opened in the first place", async () => {
    const closed: ConsoleSource = { ...source([]), open: () => Promise.reject(lost()) };
    await expect(told(closed)).rejects.toMatchObject({ code: "port-lost" });
  });
});

describe("a signal of changes in a folder", () => {
  it("wakes when something appears, and when it is closed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isnkit-signal-"));
    // A clock that stands still: only the kernel's word can wake it.
    const timers = new Set<() => void>();
    const after = (ms: number, callback: () => void) => {
      if (ms === 5) queueMicrotask(callback);
      else timers.add(callback);
      return () => timers.delete(callback);
    };
    const signal = watchFolders({ folders: [folder], everyMs: 60_000, settleMs: 5, after });
    try {
      const woken = signal.next();
      await writeFile(join(folder, "new"), "");
      await woken;
      await rename(join(folder, "new"), join(folder, "newer"));
      await signal.next();
      const last = signal.next();
      signal.close();
      await last;
      await signal.next();
    } finally {
      signal.close();
      await rm(folder, { recursive: true });
    }
  });

  it("wakes after its interval where the kernel says nothing", async () => {
    const waits: number[] = [];
    const after = (ms: number, callback: () => void) => {
      waits.push(ms);
      queueMicrotask(callback);
      return () => {};
    };
    const signal = watchFolders({ folders: ["/nowhere"], everyMs: 700, settleMs: 5, after });
    await signal.next();
    await signal.next();
    expect(waits).toEqual([700, 700]);
    signal.close();
  });
});
