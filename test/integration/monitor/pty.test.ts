/** `isnkit monitor` on pseudo-terminals: unplugs, floods, silence, two programs, slow readers, keys. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseBench } from "../../../host/boards/bench-file.ts";
import type { AttachedPort } from "../../../host/console/attached-ports.ts";
import { consoleChecksum } from "../../../host/console/console-record.ts";
import { openSerialLink, type SerialLink } from "../../../host/console/serial-link.ts";
import { type Desk, findDeskBoard } from "../../../host/desk/desk-board.ts";
import { ConsoleMonitor } from "../../../host/monitor/console-monitor.ts";
import { deskSource } from "../../../host/monitor/console-source.ts";
import { describePty, inPtyFolder, joinedPty, type PtyPair } from "../../support/pty-pair.ts";
import {
  type MonitorTraits,
  type RunningMonitor,
  runMonitor,
} from "../../support/running-monitor.ts";

function record(text: string): Buffer {
  return Buffer.from(`${text} *${consoleChecksum(text)}\r\n`);
}

interface Bench {
  readonly folder: string;
  readonly pair: PtyPair;
  readonly device: SerialLink;
  readonly monitor: RunningMonitor;
}

/** A monitor that has opened its port, and the device at the other end. */
async function onBench(
  words: readonly string[],
  body: (bench: Bench) => Promise<void>,
  traits?: MonitorTraits,
): Promise<void> {
  await inPtyFolder(async (folder) => {
    const pair = await joinedPty(folder);
    const device = await openSerialLink({ path: pair.device, baud: 115_200 });
    const monitor = runMonitor([pair.host, ...words], traits);
    try {
      await monitor.shows("open");
      await body({ folder, pair, device, monitor });
    } finally {
      monitor.interrupt();
      await monitor.exitCode;
      await device.close();
      await pair.unplug();
    }
  });
}

describePty("isnkit monitor", () => {
  it("shows what the device says, and ends with 130 at Ctrl-C", async () => {
    await onBench([], async ({ device, monitor }) => {
      await device.write(record("n=0 t=hello board=x"));
      await device.write(Buffer.from("plain text\n"));
      await monitor.shows(/0 hello +board=x/);
      await monitor.shows(/\| plain text/);
      monitor.interrupt();
      expect(await monitor.exitCode).toBe(130);
    });
  });

  it("waits for a device that stays silent, and leaves nothing but its own two lines", async () => {
    await onBench(["--format", "ndjson"], async ({ device, monitor }) => {
      // The device hears what is typed, and says nothing.
      monitor.type("do=status\n");
      for await (const _ of device.input) break;
      monitor.interrupt();
      expect(await monitor.exitCode).toBe(130);
      const kinds = monitor
        .out()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).kind);
      expect(kinds).toEqual(["open", "end"]);
    });
  });

  it("waits for a port that vanished, keeps its place, and shows what was missed", async () => {
    await onBench([], async ({ folder, pair, device, monitor }) => {
      await device.write(record("n=0 t=hello"));
      await device.write(Buffer.from("n=1 t=op"));
      // The record is shown only when its bytes, and those behind it, were read.
      await monitor.shows("hello");
      await device.close();
      await pair.unplug();
      await monitor.shows("lost");
      await monitor.shows("waiting .* is not attached");
      const again = await joinedPty(folder);
      await monitor.shows("back ");
      const revived = await openSerialLink({ path: again.device, baud: 115_200 });
      await revived.write(record("n=4 t=nvm"));
      await monitor.shows(/gap +records 1 to 3 are missing/);
      await monitor.shows(/4 nvm/);
      await revived.close();
      await again.unplug();
    });
  });

  it("ends with exit 3 at the loss of the port with --once", async () => {
    await onBench(["--once"], async ({ pair, monitor }) => {
      await pair.unplug();
      expect(await monitor.exitCode).toBe(3);
      expect(monitor.err()).toContain("is gone: unplugged");
    });
  });

  it("is refused the port that another program has, and waits for it after a loss", async () => {
    await onBench([], async ({ folder, pair, monitor }) => {
      const second = runMonitor([pair.host]);
      expect(await second.exitCode).toBe(3);
      expect(second.err()).toContain("in use by another program");
      await pair.unplug();
      await monitor.shows("lost");
      // Elsewhere a pair is made, taken by another program, and then plugged in under the name.
      const again = await joinedPty(folder, ["new-host", "new-device"]);
      const thief = await openSerialLink({ path: again.host, baud: 115_200 });
      const { rename } = await import("node:fs/promises");
      await rename(again.host, pair.host);
      await monitor.shows("waiting .* in use by another program");
      await thief.close();
      await monitor.shows("back ");
      monitor.interrupt();
      await monitor.exitCode;
      await again.unplug();
    });
  });

  it("follows a board to another path by its USB serial number", async () => {
    await inPtyFolder(async (folder) => {
      const usb = { vid: "2e8a", pid: "000a", serial: "E66" };
      let attached: AttachedPort[] = [];
      const desk: Desk = {
        bench: parseBench('{"boards": {}}'),
        descriptions: [],
        ports: async () => attached,
      };
      const first = await joinedPty(folder, ["ttyACM0", "dev0"]);
      attached = [{ path: first.host, usb }];
      const selector = { kind: "usb", text: "usb:2e8a:000a:E66", ...usb } as const;
      const source = deskSource(await findDeskBoard(selector, desk), desk);
      let nowUs = 0;
      const monitor = new ConsoleMonitor({ source, nowUs: () => nowUs++ });
      let second: PtyPair | undefined;
      const seen: string[] = [];
      for await (const events of monitor.events()) {
        for (const event of events) {
          seen.push(event.kind === "open" ? `open ${event.path.slice(-7)}` : event.kind);
          if (event.kind === "open" && !event.again) await first.unplug();
          if (event.kind === "lost") attached = [];
          if (event.kind === "waiting") {
            second = await joinedPty(folder, ["ttyACM5", "dev5"]);
            attached = [{ path: second.host, usb }];
          }
          if (event.kind === "open" && event.again) monitor.stop();
        }
      }
      expect(seen).toEqual(["open ttyACM0", "lost", "waiting", "open ttyACM5", "end"]);
      await second?.unplug();
    });
  });

  it("shows every byte of a line of a megabyte, and of a device that babbles", async () => {
    const counted = { bytes: 0 };
    const traits: MonitorTraits = {
      out: async (text) => {
        for (const line of text.split("\n")) {
          const event = line === "" ? {} : JSON.parse(line);
          if (event.kind === "text" && /^[ab]+$/.test(event.text))
            counted.bytes += event.text.length;
        }
      },
    };
    await onBench(
      ["--format", "ndjson"],
      async ({ device, monitor }) => {
        await device.write(Buffer.concat([Buffer.alloc(1_000_000, "a"), Buffer.from("\n")]));
        await device.write(Buffer.alloc(500_000, "b"));
        await device.write(Buffer.from("\n"));
        await device.write(Buffer.from("\nover\n"));
        await monitor.shows('"over"');
        expect(counted.bytes).toBe(1_500_000);
      },
      traits,
    );
  });

  it("loses nothing when the reader of its output is slow", async () => {
    let release = () => {};
    let isHeld = true;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const traits: MonitorTraits = {
      out: async (text) => {
        if (isHeld && !text.includes('"open"')) await held;
      },
    };
    await inPtyFolder(async (folder) => {
      const pair = await joinedPty(folder);
      const device = await openSerialLink({ path: pair.device, baud: 115_200 });
      const monitor = runMonitor([pair.host, "--format", "ndjson"], traits);
      await monitor.shows('"open"');
      const records = Buffer.concat(
        Array.from({ length: 60_000 }, (_, n) => record(`n=${n} t=open lp=${n % 7}`)),
      );
      const sent = device.write(records);
      // More than the link reads ahead cannot leave while the output is held.
      const first = await Promise.race([
        sent.then(() => "sent"),
        nextTurns(200).then(() => "held"),
      ]);
      expect(first).toBe("held");
      isHeld = false;
      release();
      await sent;
      await monitor.shows('"n":59999,');
      expect(monitor.out()).not.toContain('"gap"');
      expect(monitor.out().match(/"kind":"record"/g)?.length).toBe(60_000);
      monitor.interrupt();
      await monitor.exitCode;
      await device.close();
      await pair.unplug();
    });
  });

  it("sends keys as they are pressed, and leaves at Ctrl-] with exit 0", async () => {
    await onBench(
      [],
      async ({ device, monitor }) => {
        monitor.type("a\u0003");
        monitor.type("b\u001d");
        expect(await monitor.exitCode).toBe(0);
        const parts: string[] = [];
        for await (const bytes of device.input) {
          parts.push(Buffer.from(bytes).toString());
          if (parts.join("").length >= 3) break;
        }
        expect(parts.join("")).toBe("a\u0003b");
        expect(monitor.err()).toContain("Ctrl-] leaves");
      },
      { raw: true },
    );
  });

  it("sends what is piped in, and says when it is lost because the board is away", async () => {
    await onBench([], async ({ pair, device, monitor }) => {
      monitor.type("do=status\n");
      for await (const bytes of device.input) {
        expect(Buffer.from(bytes).toString()).toBe("do=status\n");
        break;
      }
      await pair.unplug();
      await monitor.shows("waiting");
      monitor.type("do=status\n");
      await monitor.shows("what is typed now is lost");
    });
  });

  it("sends nothing with --read-only", async () => {
    await onBench(
      ["--read-only"],
      async ({ device, monitor }) => {
        monitor.type("x");
        await device.write(record("n=0 t=hello"));
        await monitor.shows("hello");
        monitor.interrupt();
        await monitor.exitCode;
        await device.close();
        for await (const bytes of device.input) expect(bytes).toEqual("nothing");
      },
      { raw: true },
    );
  });

  it("shows what is asked for, and logs everything into files of bounded size", async () => {
    await inPtyFolder(async (logs) => {
      const log = join(logs, "log");
      const words = ["--type", "wanted", "--log", log, "--log-size", "2KB", "--log-keep", "2"];
      await onBench(words, async ({ device, monitor }) => {
        for (let n = 0; n < 200; n++) {
          await device.write(record(`n=${n} t=${n === 199 ? "wanted" : "other"} v=${n}`));
        }
        await monitor.shows("wanted");
        expect(monitor.out()).not.toContain("other");
      });
      const files = (await readdir(logs)).sort();
      expect(files).toEqual(["log", "log.1", "log.2"]);
      const texts = await Promise.all(files.map((file) => readFile(join(logs, file), "utf8")));
      const kept = texts.reverse().join("").split("\n");
      const numbers = kept.flatMap((line) => / v=(\d+)/.exec(line)?.[1] ?? []).map(Number);
      // The last ones, in order, without a hole.
      expect(numbers).toEqual(numbers.map((_, i) => 200 - numbers.length + i));
      expect(numbers.length).toBeGreaterThan(20);
      expect(kept[0]).toMatch(/^\d{4}-\d\d-\d\dT/);
    });
  });

  it("says what it does not understand", async () => {
    const refused = async (...words: string[]) => {
      const monitor = runMonitor(words);
      return { exitCode: await monitor.exitCode, err: monitor.err() };
    };
    expect(await refused()).toMatchObject({ exitCode: 2 });
    expect((await refused("sim")).err).toContain("has no console");
    expect((await refused("/dev/null", "--level", "wrn")).err).toContain("did you mean warn?");
    expect((await refused("/dev/null", "--log-size", "1MB")).err).toContain("without --log");
    expect((await refused("/dev/null", "--match", "(")).err).toContain("regular expression");
    expect(await refused("/dev/nowhere")).toMatchObject({ exitCode: 3 });
  });
});

async function nextTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
