/** May this user open the serial ports, and if not, what has to be added. */
import type { AttachedPort } from "../console/attached-ports.ts";
import type { AttachedUsb } from "../console/attached-usb.ts";
import type { Machine } from "./machine.ts";
import type { Checkup, Purpose } from "./purpose.ts";

/** Must sort before 73-seat-late.rules, which acts on the tag "uaccess". */
export const RULES_FILE = "/etc/udev/rules.d/70-isnkit.rules";
const PORT_GROUP = "dialout";
const SERIAL: readonly Purpose[] = ["monitor", "provision", "reboot", "flash"];

/**
 * The udev rule that opens a device to the person at the machine and to the group of serial ports: its
 * port, and the device itself for debug probes.
 */
export function udevRule({ vid, pid }: Pick<AttachedUsb, "vid" | "pid">, note = ""): string {
  const match = `SUBSYSTEMS=="usb", ATTRS{idVendor}=="${vid}", ATTRS{idProduct}=="${pid}"`;
  const comment = note === "" ? "" : `# ${note.replace(/[^ -~]/g, "?")}\n`;
  return `${comment}${match}, MODE="0660", GROUP="${PORT_GROUP}", TAG+="uaccess"`;
}

/** One checkup for the group, and one for each port. */
export async function portCheckups(
  machine: Machine,
  ports: readonly AttachedPort[],
): Promise<Checkup[]> {
  const checkups = [await groupCheckup(machine)];
  if (ports.length === 0) {
    checkups.push({
      area: "desk",
      name: "serial ports",
      state: "fault",
      what: "none is attached",
      neededBy: SERIAL,
      next: "plug a board in, and look at `isnkit boards --watch`; without one, try --board qemu:lm3s6965evb",
    });
  }
  const obstacles = await Promise.all(ports.map(({ path }) => machine.obstacle(path)));
  // As long as one port can be used, nothing is impossible.
  const neededBy = obstacles.includes(undefined) ? [] : SERIAL;
  for (const [i, port] of ports.entries()) {
    checkups.push(await portCheckup(machine, port, obstacles[i] === undefined, neededBy));
  }
  return checkups;
}

async function groupCheckup(machine: Machine): Promise<Checkup> {
  const base = { area: "desk", name: `group ${PORT_GROUP}`, neededBy: [] } as const;
  if (machine.user.isRoot) return { ...base, state: "ok", what: "not needed: running as root" };
  const { now, joined } = await machine.groups();
  if (now.includes(PORT_GROUP))
    return { ...base, state: "ok", what: `${machine.user.name} is in it` };
  // Whether it is a fault depends on the ports: they may be open to this user in another way.
  if (joined.includes(PORT_GROUP)) {
    const what = `${machine.user.name} has joined it, but this session does not know it yet`;
    return {
      ...base,
      state: "absent",
      what,
      next: "log out and in again, or run `newgrp dialout`",
    };
  }
  const what = `${machine.user.name} is not in it`;
  return { ...base, state: "absent", what, next: joinCommand(machine.user.name) };
}

async function portCheckup(
  machine: Machine,
  port: AttachedPort,
  isOpen: boolean,
  neededBy: readonly Purpose[],
): Promise<Checkup> {
  const { path, usb } = port;
  const base = { area: "desk", name: path } as const;
  const numbers = usb === undefined ? "" : ` (usb:${usb.vid}:${usb.pid})`;
  if (isOpen) {
    return { ...base, state: "ok", what: `may be read and written${numbers}`, neededBy: [] };
  }
  const group = (await machine.groupOf(path)) ?? "nobody's group";
  const what = `may not be opened by ${machine.user.name}: it belongs to the group ${group}${numbers}`;
  return { ...base, state: "fault", what, neededBy, next: remedy(machine, group, usb) };
}

function remedy(machine: Machine, group: string, usb: AttachedUsb | undefined): string {
  const join = group === PORT_GROUP ? [joinCommand(machine.user.name)] : [];
  if (usb === undefined) return join[0] ?? `ask for membership in the group ${group}`;
  const or = join.length === 0 ? "" : "or ";
  return [
    ...join,
    `${or}add this line to ${RULES_FILE}:`,
    udevRule(usb),
    "and then run: sudo udevadm control --reload && sudo udevadm trigger",
  ].join("\n");
}

function joinCommand(user: string): string {
  return `sudo usermod -aG ${PORT_GROUP} ${user}, then log out and in again`;
}
