/** The rungs of the ladder one by one, and what is made of devices that do not behave. */
import { afterEach, describe, expect, it } from "vitest";
import type { ResetRung } from "../../../host/boards/board-description.ts";
import { causeFits, ladderOf, pickRungs, type Rung } from "../../../host/boards/rung.ts";
import { SerialConnection } from "../../../host/console/serial-connection.ts";
import { openSerialLink } from "../../../host/console/serial-link.ts";
import { BenchError } from "../../../host/core/errors.ts";
import { climb } from "../../../host/desk/ladder.ts";
import { judgeCounts } from "../../../host/desk/reboot-proof.ts";
import { runResetCommand } from "../../../host/desk/reset-command.ts";
import { hubCommand, performRung } from "../../../host/desk/rung-action.ts";
import { type ProvenReboot, rebootBoard } from "../../../host/reboot/reboot-board.ts";
import { FakeDevice } from "../../support/fake-device.ts";
import { MockBinding } from "../../support/mock-port.ts";

describe("a rung on node-serialport's mock", () => {
  afterEach(() => MockBinding.reset());

  /** Performs a rung, and logs what the port is told and when, on a clock that only waits move on. */
  async function performed(rung: Rung): Promise<string[]> {
    const path = "/dev/mock";
    MockBinding.createPort(path);
    const log: string[] = [];
    let nowMs = 0;
    const note = (text: string) => log.push(`${nowMs} ms: ${text}`);
    const connection = new SerialConnection({
      name: path,
      baud: 115_200,
      locate: async () => path,
      edges: {
        open: async ({ baud }) => {
          note(`open at ${baud}`);
          const link = await openSerialLink({ path, baud, binding: MockBinding });
          return {
            path,
            input: link.input,
            write: (bytes) => link.write(bytes),
            setBaud: (to) => link.setBaud(to),
            setLines: async (lines) => {
              note(JSON.stringify(lines));
              await link.setLines(lines);
            },
            close: async () => {
              note("close");
              await link.close();
            },
          };
        },
        sleep: async (ms) => {
          nowMs += ms;
        },
        nowMs: () => nowMs,
      },
    });
    await performRung(rung, { connection, absent: async () => undefined });
    await connection.disconnect();
    return log;
  }

  it("sets DTR and RTS in the order and at the times of the description", async () => {
    const steps = [
      { dtr: false, rts: true },
      { waitMs: 100 },
      { dtr: true, rts: false },
      { waitMs: 50 },
      { dtr: false },
    ];
    expect(await performed({ name: "lines", steps })).toEqual([
      "0 ms: open at 115200",
      '0 ms: {"dtr":false,"rts":true}',
      '100 ms: {"dtr":true,"rts":false}',
      '150 ms: {"dtr":false}',
      "150 ms: close",
    ]);
  });

  it("holds BREAK for as long as it says", async () => {
    expect(await performed({ name: "break", ms: 250 })).toEqual([
      "0 ms: open at 115200",
      '0 ms: {"brk":true}',
      '250 ms: {"brk":false}',
      "250 ms: close",
    ]);
  });

  it("touches the port at 1200 baud with the console closed", async () => {
    expect(await performed({ name: "touch-1200" })).toEqual([
      "0 ms: open at 115200",
      "0 ms: close",
      "0 ms: open at 1200",
      '0 ms: {"dtr":false}',
      "0 ms: close",
    ]);
  });
});

describe("a rung that switches the power", () => {
  const hub: Rung = { name: "hub", location: "1-1", port: 3 };

  it("is off and on as two commands, with the absence between them", async () => {
    const log: string[] = [];
    const device = new FakeDevice();
    await performRung(hub, {
      connection: device.connection(),
      run: async ({ command }) => void log.push(command.join(" ")),
      absent: async () => void log.push("absent"),
    });
    expect(log).toEqual(["uhubctl -l 1-1 -p 3 -a off", "absent", "uhubctl -l 1-1 -p 3 -a on"]);
    expect(hubCommand({ location: "1-1", port: 3 }, "on")).toEqual(log[2]?.split(" "));
  });

  it("switches it on again when the absence is not seen", async () => {
    const log: string[] = [];
    const performing = performRung(hub, {
      connection: new FakeDevice().connection(),
      run: async ({ command }) => void log.push(command.at(-1) ?? ""),
      absent: () => Promise.reject(new BenchError("still-powered", "it speaks", "look")),
    });
    await expect(performing).rejects.toMatchObject({ code: "still-powered" });
    expect(log).toEqual(["off", "on"]);
  });
});

describe("a command that resets", () => {
  it("tells its last words when it fails, and the package when it is missing", async () => {
    const failing = { command: ["sh", "-c", "echo no such probe >&2; exit 7"], install: "x" };
    await expect(runResetCommand(failing)).rejects.toMatchObject({
      code: "tool-failed",
      message: expect.stringContaining("(7): no such probe"),
    });
    const missing = { command: ["no-such-program-here"], install: "apt-get install it" };
    await expect(runResetCommand(missing)).rejects.toMatchObject({
      code: "tool-missing",
      next: "apt-get install it",
    });
  });

  it("is killed with all that it started when it does not end", async () => {
    const slow = { command: ["sh", "-c", "sleep 60 & sleep 60"], install: "x", timeoutMs: 100 };
    await expect(runResetCommand(slow)).rejects.toMatchObject({ code: "tool-slow" });
  });

  it("gets its arguments as they are, without a shell", async () => {
    const command = ["test", "$HOME;*", "=", "$HOME;*"];
    await expect(runResetCommand({ command, install: "x" })).resolves.toBeUndefined();
  });
});

describe("the ladder of a board", () => {
  const probe: ResetRung = {
    rung: "probe",
    tool: "openocd",
    package: "openocd",
    command: ["openocd", "-s", "{serial}"],
  };
  const reset: ResetRung[] = [{ rung: "console" }, probe, { rung: "hub" }, { rung: "shell" }];

  it("leaves out what nobody completed: a probe without its number, a hub without its port", () => {
    expect(ladderOf({ reset }, undefined)).toEqual([{ name: "console" }]);
    const desk = { hub: { location: "1-1", port: 2 }, shell: { off: ["a"], on: ["b"] } };
    expect(ladderOf({ reset }, desk, { serial: "E66" })).toEqual([
      { name: "console" },
      { name: "probe", package: "openocd", command: ["openocd", "-s", "E66"] },
      { name: "hub", location: "1-1", port: 2 },
      { name: "shell-power", off: ["a"], on: ["b"] },
    ]);
  });

  it("names its rungs when another one is asked for", () => {
    const ladder = ladderOf(undefined, { shell: { reset: ["r"] } });
    expect(pickRungs(ladder, "shell", "--rung")).toEqual([{ name: "shell-reset", command: ["r"] }]);
    expect(() => pickRungs(ladder, "hub", "--rung")).toThrow("this board has no rung hub (--rung)");
    expect(() => pickRungs(ladder, "hammer", "--rung")).toThrow('"hammer" is no rung');
  });

  it("is climbed twice, with a wait between, and tells what was tried", async () => {
    const waits: number[] = [];
    const tried: string[] = [];
    const climbing = climb({
      name: "b",
      rungs: [{ name: "console" }, { name: "touch-1200" }],
      nowMs: () => 0,
      sleep: async (ms) => void waits.push(ms),
      rounds: 3,
      attempt: async ({ name }) => {
        tried.push(name);
        throw new BenchError("no-restart", `no start by ${name}`, "look");
      },
    });
    await expect(climbing).rejects.toMatchObject({
      code: "reboot-failed",
      exitCode: 3,
      message: expect.stringContaining(
        "console (no start by console); touch-1200 (no start by touch-1200)",
      ),
    });
    expect(tried.join(" ")).toBe("console touch-1200 console touch-1200 console touch-1200");
    expect(waits).toEqual([500, 1000]);
  });

  it("believes unknown causes for a reset, and none for the power", () => {
    expect(causeFits({ name: "console" }, "unknown")).toBe(true);
    expect(causeFits({ name: "console" }, "watchdog")).toBe(false);
    expect(causeFits({ name: "hub", location: "1", port: 1 }, "unknown")).toBe(false);
    expect(causeFits({ name: "hub", location: "1", port: 1 }, "power-on")).toBe(true);
  });
});

describe("the boot count", () => {
  it("proves a reboot only when it grew by exactly one", () => {
    expect(judgeCounts({ before: 4, after: 5 })).toEqual({ proven: true, unrequested: 0 });
    expect(judgeCounts({ before: 4, after: 7 })).toMatchObject({ proven: false, unrequested: 2 });
    expect(judgeCounts({ before: 4, after: 4 })).toMatchObject({ proven: false, unrequested: 0 });
    expect(judgeCounts({ before: 4, after: 2 })).toMatchObject({ proven: false });
    expect(judgeCounts({ before: 0, after: 0 })).toMatchObject({ proven: false });
    expect(judgeCounts({ before: undefined, after: 5 })).toMatchObject({ proven: false });
  });
});

const CONSOLE: readonly Rung[] = [{ name: "console" }];

async function reboots(device: FakeDevice, count = 1, rungs = CONSOLE): Promise<ProvenReboot[]> {
  const connection = device.connection();
  const all: ProvenReboot[] = [];
  const options = { connection, rungs, count, startMs: 60, answerMs: 60 };
  try {
    for await (const one of rebootBoard(options)) all.push(one);
    return all;
  } finally {
    await connection.disconnect();
  }
}

describe("a reboot of a device that does not behave", () => {
  it("is proved when it does", async () => {
    const device = new FakeDevice();
    const [first, second] = await reboots(device, 2);
    expect(first).toMatchObject({
      rung: "console",
      cause: "reset",
      bootCount: { before: 8, after: 9 },
    });
    expect(second).toMatchObject({ bootCount: { before: 9, after: 10 }, unrequested: [] });
  });

  it("is not proved by a watchdog, which is reported as unrequested", async () => {
    const device = new FakeDevice();
    let resets = 0;
    device.onReset = () => device.restart(++resets === 1 ? "watchdog" : "reset");
    const [reboot] = await reboots(device);
    expect(reboot?.attempts.map(({ failure }) => failure?.code)).toEqual([
      "wrong-cause",
      undefined,
    ]);
    expect(reboot?.unrequested).toEqual([{ boots: 1, when: "during", cause: "watchdog" }]);
  });

  it("is not proved when the count jumps, and the boots too many are reported", async () => {
    const device = new FakeDevice();
    let resets = 0;
    device.onReset = (cause) => {
      if (++resets === 1) device.boots += 2;
      device.restart(cause);
    };
    const [reboot] = await reboots(device);
    expect(reboot?.attempts[0]?.failure?.message).toContain("it restarted 2 more times by itself");
    expect(reboot?.unrequested).toMatchObject([{ boots: 2, when: "during" }]);
  });

  it("reports a boot between two that were asked for", async () => {
    const device = new FakeDevice();
    const connection = device.connection();
    const all: ProvenReboot[] = [];
    const options = { connection, rungs: CONSOLE, count: 2, startMs: 60, answerMs: 60 };
    for await (const one of rebootBoard(options)) {
      all.push(one);
      if (all.length === 1) device.restart("brown-out");
    }
    await connection.disconnect();
    expect(all[0]?.unrequested).toEqual([]);
    expect(all[1]?.unrequested).toEqual([{ boots: 1, when: "before", cause: "brown-out" }]);
  });

  it("is not proved by a count that stands still", async () => {
    const device = new FakeDevice();
    device.onReset = (cause) => {
      device.boots--;
      device.restart(cause);
    };
    await expect(reboots(device)).rejects.toMatchObject({
      code: "reboot-failed",
      message: expect.stringContaining("its boot count did not grow"),
    });
  });

  it("is a fault of the bench when the device stays silent", async () => {
    const device = new FakeDevice();
    device.answer = () => "";
    await expect(reboots(device)).rejects.toMatchObject({ exitCode: 3, code: "reboot-failed" });
  });

  it.each([
    ["babbles", () => "\u0000\u00ff\u001b[2J!!!\n"],
    ["speaks another protocol", () => "OK\r\nAT+CSQ: 31,99\r\n"],
    ["sends wrong checksums", () => "n=4 t=status re=1 state=2 boots=8 *0000\r\n"],
  ])("is a fault of the bench when the device %s", async (_, answer) => {
    const device = new FakeDevice();
    device.answer = answer;
    await expect(reboots(device)).rejects.toMatchObject({ exitCode: 3, code: "not-isnkit" });
  });

  it("goes on behind half a line that somebody typed, and half a record that a reset left", async () => {
    const device = new FakeDevice();
    device.hear(new TextEncoder().encode("do=sta"));
    device.onReset = (cause) => {
      device.say("n=99 t=open la=10.77.0.2 lp=1");
      device.restart(cause);
    };
    expect(await reboots(device)).toHaveLength(1);
  });

  it("finds a hello that was damaged on the way by the count, at the next try", async () => {
    const device = new FakeDevice();
    let resets = 0;
    device.onReset = (cause) => {
      const { say } = device;
      if (++resets === 1)
        device.say = (text) => say.call(device, text.replace("hello", "hel\u007fo"));
      device.restart(cause);
      device.say = say;
    };
    const [reboot] = await reboots(device);
    expect(reboot?.attempts.map(({ failure }) => failure?.code)).toEqual(["no-restart", undefined]);
  });

  it("follows the port to another name", async () => {
    const device = new FakeDevice();
    device.onReset = (cause) => {
      device.unplug();
      device.plug("/dev/ttyACM4", cause);
    };
    const [reboot] = await reboots(device);
    expect(reboot).toMatchObject({ port: "/dev/ttyACM4", cause: "reset" });
  });

  it("ends at once when another program has the port", async () => {
    const device = new FakeDevice();
    device.isBusy = true;
    await expect(reboots(device)).rejects.toMatchObject({ code: "port-busy", exitCode: 3 });
    expect(device.operations).toEqual(["open 115200"]);
  });

  it("unplugged at any step is proved or not claimed, and never hangs", async () => {
    const calm = new FakeDevice();
    await reboots(calm, 2);
    const steps = calm.operations.length;
    expect(steps).toBeGreaterThan(8);
    let proved = 0;
    for (let step = 1; step <= steps; step++) {
      for (const comesBack of [true, false]) {
        const device = new FakeDevice();
        device.onOperation = () => {
          if (device.operations.length !== step) return;
          device.unplug();
          if (!comesBack) return;
          device.onWait = () => {
            if (device.path === undefined) device.plug();
          };
        };
        const result = await reboots(device, 2).catch((error: unknown) => error);
        if (result instanceof BenchError) continue;
        expect(result).toHaveLength(2);
        proved++;
        for (const { bootCount } of result as ProvenReboot[]) {
          expect(bootCount.after).toBe(bootCount.before + 1);
        }
      }
    }
    expect(proved).toBeGreaterThan(3);
  }, 60_000);
});
