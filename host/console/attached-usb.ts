/** USB devices that are attached now, read from sysfs (Linux): also boards that show no serial port. */
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface AttachedUsb {
  /** Four hexadecimal digits, lower case. */
  readonly vid: string;
  readonly pid: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  /** The hub and its port, as `uhubctl -l 1-1 -p 4` takes them. */
  readonly hub?: { readonly location: string; readonly port: number };
}

/** A device's texts come from the device: they are cut to what USB allows (126 UTF-16 units). */
const TEXT_MAX = 126;

/** Sorted by vid, pid and serial number. Empty where there is no sysfs. Never rejects. */
export async function listAttachedUsb(sysFolder = "/sys"): Promise<AttachedUsb[]> {
  const folder = join(sysFolder, "bus/usb/devices");
  const names = await readdir(folder).catch(() => []);
  const devices = await Promise.all(
    names
      // Interfaces (`1-1:1.0`) and root hubs (`usb1`) are not devices of somebody's desk.
      .filter((name) => /^\d+-[\d.]+$/.test(name))
      .map((name) => readUsbDevice(join(folder, name))),
  );
  return devices
    .filter((device) => device !== undefined)
    .sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

/** The USB device that a folder of sysfs belongs to; undefined when it hangs on no USB. */
export async function usbDeviceAbove(
  folder: string,
  sysFolder: string,
): Promise<AttachedUsb | undefined> {
  const root = await realpath(sysFolder).catch(() => sysFolder);
  for (let at = folder; at.length > root.length && at !== dirname(at); at = dirname(at)) {
    const device = await readUsbDevice(at);
    if (device !== undefined) return device;
  }
  return undefined;
}

/** One attribute of sysfs without its line end; undefined when it is not there, or empty. */
export async function readAttribute(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
  const value = text?.trim().slice(0, TEXT_MAX);
  return value === "" ? undefined : value;
}

async function readUsbDevice(folder: string): Promise<AttachedUsb | undefined> {
  const vid = await readAttribute(folder, "idVendor");
  const pid = await readAttribute(folder, "idProduct");
  if (vid === undefined || pid === undefined) return undefined;
  const serial = await readAttribute(folder, "serial");
  const manufacturer = await readAttribute(folder, "manufacturer");
  const product = await readAttribute(folder, "product");
  const hub = hubOf(basename(folder));
  return {
    vid: vid.toLowerCase(),
    pid: pid.toLowerCase(),
    ...(serial === undefined ? {} : { serial }),
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(product === undefined ? {} : { product }),
    ...(hub === undefined ? {} : { hub }),
  };
}

/** `1-1.4` hangs on port 4 of hub `1-1`, `1-2` on port 2 of the root hub `1`. */
function hubOf(name: string): AttachedUsb["hub"] {
  const match = /^(\d+(?:-\d+(?:\.\d+)*?)?)[-.](\d+)$/.exec(name);
  const [, location, port] = match ?? [];
  return location === undefined || port === undefined
    ? undefined
    : { location, port: Number(port) };
}

function keyOf({ vid, pid, serial = "" }: AttachedUsb): string {
  return `${vid}:${pid}:${serial}`;
}
