/** Looks at a machine and its desk: what is there, what works, and what to do about the rest. */
import type { BoardDescription } from "../boards/board-description.ts";
import { firmwarePath, scriptPath } from "../boards/board-firmware.ts";
import type { DeskSelector } from "../boards/board-selector.ts";
import type { Desk } from "../desk/desk-board.ts";
import { programOf } from "../emulated/emulated-board.ts";
import { compileIsnModule } from "../module/load.ts";
import { boardCheckups } from "./board-ways.ts";
import type { Machine } from "./machine.ts";
import { portCheckups } from "./port-access.ts";
import { type Checkup, type Diagnosis, PURPOSES, type Purpose, purposeStates } from "./purpose.ts";
import { toolCheckups } from "./tools.ts";

const NODE_MIN = 20;
const SERIAL: readonly Purpose[] = ["monitor", "provision", "reboot", "flash"];

export interface DiagnoseOptions {
  readonly machine: Machine;
  readonly desk: Desk;
  /** A board to look at closely. */
  readonly board?: DeskSelector;
  /** What was found wrong with settings and files before. */
  readonly settings?: readonly Checkup[];
}

export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { machine, desk, board, settings = [] } = options;
  const ports = await desk.ports();
  const groups = await Promise.all([
    programCheckups(machine),
    toolCheckups(machine, desk.descriptions),
    firmwareCheckups(desk.descriptions),
    networkCheckups(machine),
    portCheckups(machine, ports),
    board === undefined ? [] : boardCheckups(machine, board, desk),
  ]);
  const checkups = [...groups.flat(), ...settings];
  return { checkups, purposes: purposeStates(checkups) };
}

async function programCheckups(machine: Machine): Promise<Checkup[]> {
  return [
    nodeCheckup(machine.nodeVersion),
    await moduleCheckup(),
    await serialportCheckup(machine),
    await emulatorCheckup(machine),
  ];
}

function nodeCheckup(version: string): Checkup {
  const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
  const base = { area: "program", name: "Node", neededBy: PURPOSES } as const;
  if (major >= NODE_MIN) return { ...base, state: "ok", what: version };
  const what = `${version} is too old`;
  return { ...base, state: "fault", what, next: `install Node ${NODE_MIN} or later` };
}

async function moduleCheckup(): Promise<Checkup> {
  const base = {
    area: "program",
    name: "isnkit.wasm",
    neededBy: ["check", "simulate", "build"],
  } as const;
  try {
    await compileIsnModule();
    return { ...base, state: "ok", what: "compiles" };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { ...base, state: "fault", what, next: "npm run build, or install the package again" };
  }
}

async function serialportCheckup(machine: Machine): Promise<Checkup> {
  const base = { area: "program", name: "serialport", neededBy: SERIAL } as const;
  try {
    await machine.loadSerialport();
    return { ...base, state: "ok", what: (await machine.packageVersion("serialport")) ?? "found" };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const next = "npm install serialport: its native part fits one machine only";
    return { ...base, state: "fault", what: `does not load: ${reason}`, next };
  }
}

async function emulatorCheckup(machine: Machine): Promise<Checkup> {
  const base = { area: "program", name: "rp2040js", neededBy: ["rp2040js"] } as const;
  const version = await machine.packageVersion("rp2040js");
  if (version !== undefined) return { ...base, state: "ok", what: version };
  return { ...base, state: "fault", what: "not installed", next: "npm install rp2040js" };
}

/** The firmware of boards that run in an emulator. */
async function firmwareCheckups(descriptions: readonly BoardDescription[]): Promise<Checkup[]> {
  const emulated = descriptions.filter(({ emulator }) => emulator !== undefined);
  const checkups = emulated.map(async ({ model, emulator }): Promise<Checkup> => {
    const name = `firmware ${model}`;
    const program = programOf("wasm2c");
    const isBuilt = await firmwarePath(model, program).catch(() => undefined);
    // One board is enough for QEMU; the others are of use to those who want them.
    const needs = model === "lm3s6965evb" ? (["qemu", "network"] as const) : [];
    const neededBy = emulator?.kind === "rp2040js" ? (["rp2040js"] as const) : needs;
    const base = { area: "firmware", name, neededBy } as const;
    if (isBuilt !== undefined) return { ...base, state: "ok", what: `${program} is built` };
    const state = neededBy.length > 0 ? "fault" : "absent";
    const next = `${scriptPath("setup-arm")} once, then ${scriptPath("build-firmware")} ${model}`;
    return { ...base, state, what: "not built", next };
  });
  return Promise.all(checkups);
}

async function networkCheckups(machine: Machine): Promise<Checkup[]> {
  const obstacle = machine.networkObstacle();
  const base = { area: "network", name: "tap and namespaces", neededBy: ["network"] } as const;
  if (obstacle === undefined)
    return [{ ...base, state: "ok", what: "root, iproute2 and /dev/net/tun" }];
  const next =
    "run as root on Linux with /dev/net/tun, or choose qemu:<model>:wasm2c, which needs no network";
  return [{ ...base, state: "fault", what: obstacle, next }];
}
