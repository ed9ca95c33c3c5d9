/**
 * Serial ports that are attached now. On Linux read from sysfs, which needs no program and no rights;
 * elsewhere, or from a binding that is handed in, what node-serialport lists. (On Linux its list()
 * runs `udevadm`, and ends the process where that is missing.)
 */
import { readdir, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { type AttachedUsb, readAttribute, usbDeviceAbove } from "./attached-usb.ts";
import { type SerialBinding, systemBinding } from "./serial-binding.ts";

export interface AttachedPort {
  /** `/dev/ttyACM0`. */
  readonly path: string;
  /** Absent for a port that is not on USB. */
  readonly usb?: AttachedUsb;
  /** USB interface of a device with several ports, from 0. */
  readonly interface?: number;
}

export interface AttachedPortsOptions {
  /** Absent: sysfs on Linux, the binding of this machine elsewhere. */
  readonly binding?: SerialBinding;
  /** Where sysfs and the device files are; for tests. */
  readonly sysFolder?: string;
  readonly devFolder?: string;
}

/** Names that serial ports have where sysfs cannot be read. */
const PORT_NAME = /^tty(ACM|USB)\d+$/;
/** Ports of these kinds are virtual terminals, not lines. */
const NO_PORT = /^(tty\d*|console|ptmx|pts|vcs.*|ttyprintk)$/;

/** Sorted by path. Never rejects: what cannot be read is not listed. */
export async function listAttachedPorts(
  options: AttachedPortsOptions = {},
): Promise<AttachedPort[]> {
  const ports = await findPorts(options);
  return ports.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
}

async function findPorts(options: AttachedPortsOptions): Promise<AttachedPort[]> {
  const { sysFolder = "/sys", devFolder = "/dev" } = options;
  if (options.binding !== undefined) return bindingPorts(options.binding);
  if (process.platform !== "linux" && options.sysFolder === undefined) {
    return bindingPorts(await systemBinding());
  }
  const names = await readdir(join(sysFolder, "class/tty")).catch(() => undefined);
  if (names === undefined) return namedPorts(devFolder);
  const found = await Promise.all(names.map((name) => sysfsPort(name, sysFolder, devFolder)));
  return found.filter((port) => port !== undefined);
}

async function sysfsPort(
  name: string,
  sysFolder: string,
  devFolder: string,
): Promise<AttachedPort | undefined> {
  if (NO_PORT.test(name)) return undefined;
  const folder = join(sysFolder, "class/tty", name);
  // Without a device behind it a name is a virtual terminal.
  const device = await realpath(join(folder, "device")).catch(() => undefined);
  if (device === undefined) return undefined;
  // Linux shows more 8250 ports than there are: type 0 is an empty slot (PORT_UNKNOWN).
  if ((await readAttribute(folder, "type")) === "0") return undefined;
  const path = join(devFolder, name);
  const usb = await usbDeviceAbove(device, sysFolder);
  if (usb === undefined) return { path };
  const number = await interfaceNumber(device, sysFolder);
  return { path, usb, ...(number === undefined ? {} : { interface: number }) };
}

/** `bInterfaceNumber` of the nearest folder above that has one; hexadecimal. */
async function interfaceNumber(device: string, sysFolder: string): Promise<number | undefined> {
  for (let folder = device; folder.length > sysFolder.length; folder = join(folder, "..")) {
    const text = await readAttribute(folder, "bInterfaceNumber");
    if (text !== undefined && /^[0-9a-f]{2}$/i.test(text)) return Number.parseInt(text, 16);
    if (/^\d+(-[\d.]+)?$/.test(basename(folder))) return undefined;
  }
  return undefined;
}

async function namedPorts(devFolder: string): Promise<AttachedPort[]> {
  const byId = await readdir(join(devFolder, "serial/by-id")).catch(() => []);
  const linked = await Promise.all(
    byId.map((name) => realpath(join(devFolder, "serial/by-id", name)).catch(() => undefined)),
  );
  const names = (await readdir(devFolder).catch(() => [])).filter((name) => PORT_NAME.test(name));
  const paths = [...linked, ...names.map((name) => join(devFolder, name))];
  return [...new Set(paths)].filter((path) => path !== undefined).map((path) => ({ path }));
}

async function bindingPorts(binding: SerialBinding): Promise<AttachedPort[]> {
  const listed = await binding.list().catch(() => []);
  return listed.map(({ path, vendorId, productId, serialNumber, manufacturer }) => {
    if (vendorId === undefined || productId === undefined) return { path };
    const usb: AttachedUsb = {
      vid: vendorId.toLowerCase().padStart(4, "0"),
      pid: productId.toLowerCase().padStart(4, "0"),
      ...(serialNumber === undefined ? {} : { serial: serialNumber }),
      ...(manufacturer === undefined ? {} : { manufacturer }),
    };
    return { path, usb };
  });
}
