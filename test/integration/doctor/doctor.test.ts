/** What the doctor finds on machines of all kinds, and what he says to do. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseBench } from "../../../host/boards/bench-file.ts";
import { boardModels, readBoardDescription } from "../../../host/boards/board-description.ts";
import type { AttachedPort } from "../../../host/console/attached-ports.ts";
import type { Desk } from "../../../host/desk/desk-board.ts";
import { diagnose } from "../../../host/doctor/diagnose.ts";
import { doctorJson, doctorText } from "../../../host/doctor/doctor-text.ts";
import type { Machine } from "../../../host/doctor/machine.ts";
import { udevRule } from "../../../host/doctor/port-access.ts";
import type { Checkup, Diagnosis, Purpose } from "../../../host/doctor/purpose.ts";
import { versionIn } from "../../../host/doctor/tools.ts";
import { isnkit } from "../../support/command.ts";

const PICO: AttachedPort = {
  path: "/dev/ttyACM0",
  usb: { vid: "2e8a", pid: "000a", serial: "E66" },
};

/** A machine where everything is in order. */
function machine(more: Partial<Machine> = {}): Machine {
  return {
    nodeVersion: "v20.20.2",
    platform: "linux",
    user: { name: "ada", isRoot: false },
    find: (program) => `/usr/bin/${program}`,
    ask: async () => "tool version 7.2.17 (Debian)",
    packageVersion: async () => "13.0.0",
    loadSerialport: async () => {},
    obstacle: async () => undefined,
    groupOf: async () => "dialout",
    groups: async () => ({ now: ["ada", "dialout"], joined: ["dialout"] }),
    ports: async () => [PICO],
    networkObstacle: () => undefined,
    ...more,
  };
}

async function deskOf(ports: readonly AttachedPort[], boards: object = {}): Promise<Desk> {
  const descriptions = await Promise.all((await boardModels()).map(readBoardDescription));
  return { bench: parseBench(JSON.stringify({ boards })), descriptions, ports: async () => ports };
}

async function look(more: Partial<Machine> = {}, desk?: Desk, board?: string): Promise<Diagnosis> {
  const its = machine(more);
  const there = desk ?? (await deskOf(await its.ports()));
  const selector =
    board === undefined ? {} : { board: { kind: "bench", text: board, name: board } as const };
  return diagnose({ machine: its, desk: there, ...selector });
}

function works(diagnosis: Diagnosis, purpose: Purpose): boolean {
  return diagnosis.purposes.find((one) => one.purpose === purpose)?.works === true;
}

function named(diagnosis: Diagnosis, name: string): Checkup {
  const found = diagnosis.checkups.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nothing is said of ${name}`);
  return found;
}

describe("the doctor", () => {
  it("finds nothing wrong where nothing is", async () => {
    const healthy = await look();
    for (const purpose of ["check", "monitor", "flash", "reboot", "build", "network"] as const) {
      expect(works(healthy, purpose), purpose).toBe(
        purpose !== "network" || works(healthy, "qemu"),
      );
    }
    expect(named(healthy, "cmake").what).toContain("7.2.17");
  });

  it("names the package of a tool that is missing, and what cannot be done without it", async () => {
    const without = (name: string) => ({
      find: (program: string) => (program === name ? undefined : `/usr/bin/${program}`),
    });
    const noWabt = await look(without("wasm2c"));
    expect(named(noWabt, "wasm2c")).toMatchObject({ state: "fault" });
    expect(named(noWabt, "wasm2c").next).toContain("wabt");
    expect(works(noWabt, "build")).toBe(false);
    expect(works(noWabt, "check")).toBe(true);
    const noProbe = await look(without("openocd"));
    expect(named(noProbe, "openocd")).toMatchObject({ state: "absent" });
    expect(named(noProbe, "openocd").what).toContain("nucleo-f401re");
    expect(works(noProbe, "flash")).toBe(true);
  });

  it("prints the very udev rule for a port that may not be opened", async () => {
    const locked = await look({
      obstacle: async () => "EACCES: permission denied",
      groups: async () => ({ now: ["ada"], joined: [] }),
    });
    const { state, what, next } = named(locked, "/dev/ttyACM0");
    expect(state).toBe("fault");
    expect(what).toContain("group dialout");
    expect(next).toContain("sudo usermod -aG dialout ada");
    expect(next).toContain(
      'ATTRS{idVendor}=="2e8a", ATTRS{idProduct}=="000a", MODE="0660", GROUP="dialout", TAG+="uaccess"',
    );
    expect(works(locked, "monitor")).toBe(false);
    expect(works(locked, "analyze")).toBe(true);
  });

  it("tells a session that does not know its group yet from a user who is not in it", async () => {
    const stale = await look({ groups: async () => ({ now: ["ada"], joined: ["dialout"] }) });
    expect(named(stale, "group dialout").next).toContain("log out and in again");
    const outside = await look({ groups: async () => ({ now: ["ada"], joined: [] }) });
    expect(named(outside, "group dialout").next).toContain("usermod");
    const root = await look({ user: { name: "root", isRoot: true } });
    expect(named(root, "group dialout").state).toBe("ok");
  });

  it("does not give up the serial line because of one port of several", async () => {
    const ports = [PICO, { path: "/dev/ttyS0" }];
    const obstacle = async (path: string) => (path === "/dev/ttyS0" ? "EACCES" : undefined);
    const mixed = await look({ ports: async () => ports, obstacle });
    expect(named(mixed, "/dev/ttyS0").state).toBe("fault");
    expect(works(mixed, "monitor")).toBe(true);
  });

  it("says that nothing is attached", async () => {
    const empty = await look({ ports: async () => [] });
    expect(named(empty, "serial ports").what).toBe("none is attached");
    expect(works(empty, "flash")).toBe(false);
    expect(works(empty, "qemu")).toBe(works(await look(), "qemu"));
  });

  it("says why node-serialport does not load, and what is too old or missing", async () => {
    const broken = await look({
      nodeVersion: "v18.19.0",
      loadSerialport: () => Promise.reject(new Error("wrong ELF class\nmore")),
      packageVersion: async () => undefined,
      networkObstacle: () => "not running as root",
    });
    expect(named(broken, "serialport").what).toBe("does not load: wrong ELF class");
    expect(named(broken, "Node").state).toBe("fault");
    expect(works(broken, "analyze")).toBe(false);
    expect(named(broken, "rp2040js").state).toBe("fault");
    expect(named(broken, "tap and namespaces").what).toBe("not running as root");
  });

  it("looks at a named board: its port, its model, its ways to be flashed and reset", async () => {
    const usb = { vid: "2e8a", pid: "000a", serial: "E66" };
    const desk = await deskOf([PICO], { lamp: { model: "nucleo-f401re", usb } });
    const noProbe = { find: (program: string) => (program === "openocd" ? undefined : program) };
    const seen = await look(noProbe, desk, "lamp");
    expect(named(seen, "lamp").what).toContain("nucleo-f401re at /dev/ttyACM0");
    const flash = named(seen, "ways to flash lamp");
    expect(flash.what).toBe("stm32-uart; not here: openocd (needs openocd)");
    expect(named(seen, "ways to reset lamp").what).toContain("shell (needs shell in bench.json)");
    const due = await deskOf([PICO], { due: { model: "arduino-due", usb } });
    const noFlasher = await look({ find: () => undefined }, due, "due");
    expect(works(noFlasher, "flash")).toBe(false);
    expect(works(noFlasher, "reboot")).toBe(true);
    const gone = await look(
      {},
      await deskOf([], { lamp: { model: "nucleo-f401re", usb } }),
      "lamp",
    );
    expect(named(gone, "lamp").state).toBe("fault");
    expect(works(gone, "monitor")).toBe(false);
  });

  it("writes nothing of a tool or a device raw to the terminal", async () => {
    const nasty = await look({
      ask: async () => "version 1.2\u001b[2J",
      loadSerialport: () => Promise.reject(new Error("\u001b]0;x\u0007")),
      groupOf: async () => "\u009bgroup",
      obstacle: async () => "no",
    });
    const run = { diagnosis: nasty, settings: [], asked: [] };
    for (const out of [doctorText(run), doctorJson(run, false)]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
      expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
    expect(versionIn("no number")).toBeUndefined();
    expect(udevRule({ vid: "2e8a", pid: "000a" }, "a\nb").split("\n").length).toBe(2);
  });
});

describe("isnkit doctor", () => {
  it("says where each setting came from, and ends with 0 for what works", async () => {
    const environment = { ISNKIT_MSL: "60s", ISNKIT_LEVEL: "warn" };
    const ran = await isnkit(["doctor", "--for", "check,analyze", "--format", "json"], {
      environment,
    });
    expect(ran.err).toBe("");
    const report = JSON.parse(ran.out);
    expect(report).toMatchObject({ schema: "isnkit.doctor/1", ok: true });
    expect(report.settings).toContainEqual({
      name: "msl",
      value: "60s",
      origin: "environment",
      place: "ISNKIT_MSL",
    });
    expect(report.settings).toContainEqual(
      expect.objectContaining({ name: "for", origin: "flag" }),
    );
    expect(ran.exitCode).toBe(0);
  });

  it("ends with 3 when something asked for does not work, and with 2 for what it does not know", async () => {
    const board = ["--board", "usb:ffff:ffff"];
    const missing = await isnkit(["doctor", "--for", "monitor", ...board]);
    expect(missing.exitCode).toBe(3);
    expect(missing.out).toMatch(/!! monitor .*cannot work for want of .*usb:ffff:ffff/);
    expect((await isnkit(["doctor", ...board])).exitCode).toBe(0);
    const unknown = await isnkit(["doctor", "--for", "flsh"]);
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.err).toContain("did you mean flash?");
  });

  it("reports a bench file that is wrong instead of dying of it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isnkit-doctor-"));
    try {
      const file = join(folder, "bench.json");
      await writeFile(file, '{\n  "boards": 7\n}');
      const ran = await isnkit(["doctor", "--bench", file]);
      expect(ran.exitCode).toBe(3);
      expect(ran.out).toContain("bench.json:2: boards: ");
      expect(ran.out).toContain("What works");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("prints a whole file of udev rules", async () => {
    const { out, exitCode } = await isnkit(["doctor", "--udev-rules"]);
    expect(exitCode).toBe(0);
    const rules = out.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules).size).toBe(rules.length);
    for (const rule of rules)
      expect(rule).toMatch(/^SUBSYSTEMS=="usb", ATTRS\{idVendor\}=="[0-9a-f]{4}", /);
  });
});
