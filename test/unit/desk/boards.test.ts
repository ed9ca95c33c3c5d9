/** What is attached, what a selector means, and what comes and goes. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseBench } from "../../../host/boards/bench-file.ts";
import { parseBoardDescription } from "../../../host/boards/board-description.ts";
import {
  type DeskSelector,
  isDeskSelector,
  parseBoardSelector,
} from "../../../host/boards/board-selector.ts";
import { listAttachedPorts } from "../../../host/console/attached-ports.ts";
import { listAttachedUsb } from "../../../host/console/attached-usb.ts";
import { IsnkitError } from "../../../host/core/errors.ts";
import { listDesk, type WholeDesk, watchDesk } from "../../../host/desk/attached-boards.ts";
import { findDeskBoard, locateDeskBoard } from "../../../host/desk/desk-board.ts";
import { changeJson, deskJson, deskText } from "../../../host/desk/desk-text.ts";
import { isnkit } from "../../support/command.ts";
import { FakeSysfs, type FakeUsb } from "../../support/fake-sysfs.ts";
import { MockBinding } from "../../support/mock-port.ts";

const PICO: FakeUsb = {
  at: "1-1.4",
  vid: "2e8a",
  pid: "000a",
  serial: "E66",
  ports: { 0: "ttyACM0" },
};
const STLINK: FakeUsb = {
  at: "1-2",
  vid: "0483",
  pid: "374b",
  serial: "066B",
  ports: { 2: "ttyACM1" },
};
const JLINK: FakeUsb = {
  at: "2-1",
  vid: "1366",
  pid: "1051",
  serial: "001050",
  product: "J-Link\u001b[31m",
  ports: { 0: "ttyACM2", 2: "ttyACM3" },
};
const BOOTSEL: FakeUsb = { at: "1-3", vid: "2e8a", pid: "0003", serial: "E0C9" };
const KEYBOARD: FakeUsb = { at: "1-4", vid: "046d", pid: "c31c" };

function model(name: string, usb: object[]) {
  const description = {
    model: name,
    name,
    core: "cortex-m4",
    flashBytes: 1024,
    ramBytes: 1024,
    nvm: {
      part: "flash",
      kind: "nor",
      sectorBytes: 1024,
      sectors: 2,
      granule: 4,
      enduranceCycles: 1000,
    },
    counterHz: 1_000_000,
    entropy: "none",
    console: { baud: 230_400 },
    ports: { first: 1024, last: 65_535, reserved: [] },
    mslMs: 120_000,
    usb,
  };
  return parseBoardDescription(JSON.stringify(description), "board.json");
}

const MODELS = [
  model("nucleo-a", [{ vid: "0483", pid: "374b", shared: true, note: "ST-Link/V2-1" }]),
  model("nucleo-b", [{ vid: "0483", pid: "374b", shared: true }]),
  model("rpi-pico", [
    { vid: "2e8a", pid: "000a" },
    { vid: "2e8a", pid: "0003", note: "boot loader" },
  ]),
];

let folder: string;
let machine: FakeSysfs;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isnkit-desk-"));
  machine = new FakeSysfs(folder);
  await machine.prepare();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ports = () => listAttachedPorts({ sysFolder: machine.sys, devFolder: machine.dev });

function desk(boards: object = {}): WholeDesk {
  return {
    bench: parseBench(JSON.stringify({ boards })),
    descriptions: MODELS,
    ports,
    usb: () => listAttachedUsb(machine.sys),
  };
}

function select(text: string, bench: readonly string[] = []): DeskSelector {
  const selector = parseBoardSelector(text, "--board", { generators: ["random"], bench });
  if (!isDeskSelector(selector)) throw new Error(`${text} is no board of the desk`);
  return selector;
}

async function failureOf(work: Promise<unknown>): Promise<IsnkitError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof IsnkitError) return error;
    throw error;
  }
  throw new Error("it worked");
}

describe("attached ports", () => {
  it("are found in sysfs with USB numbers, serial number, interface and hub", async () => {
    for (const one of [PICO, STLINK, JLINK, BOOTSEL]) await machine.plugIn(one);
    await machine.addUart("ttyS0", 4);
    await machine.addUart("ttyS1", 0);
    await machine.addConsole("tty1");
    const found = await ports();
    expect(found.map(({ path }) => path)).toEqual(
      ["ttyACM0", "ttyACM1", "ttyACM2", "ttyACM3", "ttyS0"].map((name) => join(machine.dev, name)),
    );
    expect(found[0]?.usb).toEqual({
      vid: "2e8a",
      pid: "000a",
      serial: "E66",
      hub: { location: "1-1", port: 4 },
    });
    expect(found[1]?.usb?.hub).toEqual({ location: "1", port: 2 });
    expect(found.map((port) => port.interface)).toEqual([0, 2, 0, 2, undefined]);
  });

  it("are found by their names where there is no sysfs", async () => {
    await writeFile(join(machine.dev, "ttyUSB0"), "");
    await writeFile(join(machine.dev, "tty7"), "");
    const found = await listAttachedPorts({ sysFolder: "/nowhere", devFolder: machine.dev });
    expect(found).toEqual([{ path: join(machine.dev, "ttyUSB0") }]);
  });

  it("come from a binding that is handed in, and a binding that fails lists nothing", async () => {
    MockBinding.reset();
    MockBinding.createPort("/dev/mock", { vendorId: "2E8A", productId: "a" });
    const [port] = await listAttachedPorts({ binding: MockBinding });
    expect(port).toMatchObject({ path: "/dev/mock", usb: { vid: "2e8a", pid: "000a" } });
    const broken = { ...MockBinding, list: () => Promise.reject(new Error("no udevadm")) };
    expect(await listAttachedPorts({ binding: broken })).toEqual([]);
  });
});

describe("the board selector", () => {
  const names = { generators: ["random"], bench: ["lamp"] };
  const parse = (text: string) => parseBoardSelector(text, "--board", names);

  it("takes every kind apart", () => {
    expect(parse("sim")).toMatchObject({ kind: "sim", generator: "isnkit" });
    expect(parse("sim:random")).toMatchObject({ kind: "sim", generator: "random" });
    expect(parse("qemu:x:wasm3")).toMatchObject({
      kind: "emulated",
      model: "x",
      firmware: "wasm3",
    });
    expect(parse("rp2040js:rpi-pico")).toMatchObject({ kind: "emulated", emulator: "rp2040js" });
    expect(parse("/dev/ttyACM0")).toMatchObject({ kind: "port", path: "/dev/ttyACM0" });
    expect(parse("./pty")).toMatchObject({ kind: "port" });
    expect(parse("COM3")).toMatchObject({ kind: "port" });
    expect(parse("usb:2E8A:000a")).toEqual({
      kind: "usb",
      text: "usb:2E8A:000a",
      vid: "2e8a",
      pid: "000a",
    });
    expect(parse("usb:2e8a:000a:E6:60")).toMatchObject({ serial: "E6:60" });
    expect(parse("lamp")).toMatchObject({ kind: "bench", name: "lamp" });
  });

  it.each([
    "",
    "lamb",
    "simx",
    "sim:",
    "sim:rand",
    "usb:",
    "usb:2e8a",
    "usb:2e8a:a",
    "usb:1:2:",
    "COMX",
  ])("refuses %j and says what there is", (text) => {
    expect(() => parse(text)).toThrow(IsnkitError);
    try {
      parse(text);
    } catch (error) {
      expect(error).toMatchObject({ code: "unknown-board", exitCode: 2 });
      expect((error as IsnkitError).message).toContain("--board");
    }
  });

  it("guesses a name of bench.json that was mistyped, but does not take it", () => {
    expect(() => parse("lmap")).toThrow(
      expect.objectContaining({ next: expect.stringContaining("did you mean lamp?") }),
    );
  });
});

describe("finding a board", () => {
  it("knows the model by USB numbers of its own, and its console speed", async () => {
    await machine.plugIn(PICO);
    const board = await findDeskBoard(select("usb:2e8a:000a"), desk());
    expect(board).toMatchObject({
      path: join(machine.dev, "ttyACM0"),
      baud: 230_400,
      description: { model: "rpi-pico" },
    });
  });

  it("does not guess the model behind a probe that many boards have", async () => {
    await machine.plugIn(STLINK);
    const board = await findDeskBoard(select(join(machine.dev, "ttyACM1")), desk());
    expect(board.description).toBeUndefined();
    expect(board.baud).toBe(115_200);
  });

  it("takes the model and the speed from bench.json", async () => {
    await machine.plugIn(STLINK);
    const usb = { vid: "0483", pid: "374b", serial: "066B" };
    const named = desk({ pump: { model: "nucleo-b", usb, baud: 9600 } });
    const board = await findDeskBoard(select("pump", ["pump"]), named);
    expect(board).toMatchObject({ name: "pump", baud: 9600, description: { model: "nucleo-b" } });
  });

  it("names all candidates when several match, and what is attached when none does", async () => {
    await machine.plugIn(JLINK);
    const several = await failureOf(findDeskBoard(select("usb:1366:1051"), desk()));
    expect(several).toMatchObject({ code: "board-ambiguous", exitCode: 3 });
    expect(several.next).toContain("ttyACM2 (usb:1366:1051:001050)");
    expect(several.next).toContain("ttyACM3");
    const none = await failureOf(findDeskBoard(select("usb:2e8a:000a"), desk()));
    expect(none).toMatchObject({ code: "board-not-attached" });
    expect(none.next).toContain("ttyACM2");
    const usb = { vid: "2e8a", pid: "000a" };
    const absent = failureOf(
      findDeskBoard(select("lamp", ["lamp"]), desk({ lamp: { model: "rpi-pico", usb } })),
    );
    expect((await absent).next).toContain("bench.json:1");
    expect((await absent).message).toBe("lamp (usb:2e8a:000a) is not attached");
  });

  it("tells the ports of one probe apart by the interface in bench.json", async () => {
    await machine.plugIn(JLINK);
    const usb = { vid: "1366", pid: "1051", interface: 2 };
    const board = await findDeskBoard(
      select("dk", ["dk"]),
      desk({ dk: { model: "nucleo-a", usb } }),
    );
    expect(board.path).toBe(join(machine.dev, "ttyACM3"));
  });

  it("refuses a model of bench.json that has no description", async () => {
    await machine.plugIn(PICO);
    const usb = { vid: "2e8a", pid: "000a" };
    const failure = await failureOf(
      findDeskBoard(select("x", ["x"]), desk({ x: { model: "rpi-pico-9", usb } })),
    );
    expect(failure.next).toContain("rpi-pico");
  });

  it("finds a board again under another path by its serial number, and no other board", async () => {
    await machine.plugIn(PICO);
    const board = await findDeskBoard(select(join(machine.dev, "ttyACM0")), desk());
    await machine.unplug(PICO);
    expect(await locateDeskBoard(board, desk())).toBeUndefined();
    // Somebody else's board takes the name.
    await machine.plugIn({ ...PICO, serial: "OTHER", at: "1-1.3" });
    expect(await locateDeskBoard(board, desk())).toBeUndefined();
    await machine.plugIn({ ...PICO, ports: { 0: "ttyACM7" } });
    expect(await locateDeskBoard(board, desk())).toBe(join(machine.dev, "ttyACM7"));
  });

  it("knows a port by the link under which it is named", async () => {
    await machine.plugIn(PICO);
    const link = join(folder, "by-id");
    await symlink(join(machine.dev, "ttyACM0"), link);
    const board = await findDeskBoard(select(link), desk());
    expect(board).toMatchObject({ path: link, usb: { serial: "E66" } });
  });
});

describe("the list of the desk", () => {
  it("shows names, models, possible models, boot loaders and what is missing, but no keyboard", async () => {
    for (const one of [PICO, STLINK, JLINK, BOOTSEL, KEYBOARD]) await machine.plugIn(one);
    const entries = await listDesk(
      desk({
        lamp: { model: "rpi-pico", usb: { vid: "2e8a", pid: "000a", serial: "E66" } },
        pump: { model: "nucleo-b", port: "/dev/nowhere" },
      }),
    );
    const lines = deskText(entries).split("\n");
    expect(lines[1]).toMatch(/^lamp +rpi-pico +\S+ttyACM0 +2e8a:000a:E66/);
    expect(lines[2]).toMatch(/^pump +nucleo-b +not attached/);
    expect(lines[3]).toMatch(/ttyACM1 +nucleo-a or nucleo-b\? .*ST-Link/);
    expect(lines.join("\n")).toMatch(/usb:2e8a:0003:E0C9 +rpi-pico +no port +.* boot loader/);
    expect(deskText(entries)).not.toContain("046d");
    expect(JSON.parse(deskJson(entries)).boards.length).toBe(6);
  });

  it("writes no control character of a device to the terminal", async () => {
    await machine.plugIn(JLINK);
    const entries = await listDesk(desk());
    expect(deskText(entries)).toContain("J-Link\\x1b[31m");
    expect(deskText(entries) + deskJson(entries)).not.toContain("\u001b");
  });

  it("says what to do when nothing is attached", async () => {
    expect(deskText(await listDesk(desk()))).toMatch(/^nothing is attached\n {2}next: /);
  });

  it("tells what comes and goes, each once", async () => {
    await machine.plugIn(STLINK);
    const steps = [
      () => machine.plugIn(PICO),
      async () => {},
      () => machine.unplug(STLINK),
      async () => {
        await machine.unplug(PICO);
        await machine.plugIn({ ...PICO, ports: { 0: "ttyACM5" } });
      },
      async () => {},
    ];
    const signal = { next: async () => steps.shift()?.(), close: () => {} };
    const events: string[] = [];
    for await (const change of watchDesk(desk(), signal, () => steps.length === 0)) {
      events.push(`${change.event} ${change.entry.path?.slice(-7)}`);
      expect(changeJson(change, "2026-01-01T00:00:00Z").split("\n").length).toBe(2);
    }
    expect(events).toEqual([
      "present ttyACM1",
      "attached ttyACM0",
      "detached ttyACM1",
      "detached ttyACM0",
      "attached ttyACM5",
    ]);
  });
});

describe("isnkit boards", () => {
  it("watches until Ctrl-C, one JSON object a line", async () => {
    const onInterrupt = (callback: () => void) => {
      setImmediate(callback);
      return () => {};
    };
    const ran = await isnkit(["boards", "--watch", "--format", "ndjson"], { onInterrupt });
    expect(ran).toMatchObject({ exitCode: 130, err: "" });
    const events = ran.out.split("\n").slice(0, -1);
    for (const line of events) expect(JSON.parse(line)).toMatchObject({ event: "present" });
  });

  it("lists the models, and plainly what was not run", async () => {
    const { out, exitCode } = await isnkit(["boards", "--models"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^nucleo-f429zi: ST Nucleo-144/m);
    expect(out).toMatch(/not run: .*no such board was attached/);
    const json = JSON.parse((await isnkit(["boards", "--models", "--format", "json"])).out);
    expect(json.models.length).toBeGreaterThanOrEqual(11);
  });

  it("refuses what has no meaning together", async () => {
    expect((await isnkit(["boards", "--watch", "--format", "json"])).err).toContain("ndjson");
    expect((await isnkit(["boards", "--watch", "--output", "x"])).exitCode).toBe(2);
    expect((await isnkit(["boards", "--bench", "/nowhere.json"])).exitCode).toBe(3);
  });
});
