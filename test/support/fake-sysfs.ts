/** A small sysfs and /dev in a folder: USB devices as Linux lays them out, with their ports. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

export interface FakeUsb {
  /** Place on the bus: `1-1.4`. */
  readonly at: string;
  readonly vid: string;
  readonly pid: string;
  readonly serial?: string;
  readonly product?: string;
  /** Names of ports by the number of their USB interface. */
  readonly ports?: Readonly<Record<number, string>>;
}

export class FakeSysfs {
  readonly sys: string;
  readonly dev: string;

  constructor(folder: string) {
    this.sys = join(folder, "sys");
    this.dev = join(folder, "dev");
  }

  async prepare(): Promise<void> {
    for (const name of ["class/tty", "bus/usb/devices", "devices/virtual/tty"]) {
      await mkdir(join(this.sys, name), { recursive: true });
    }
    await mkdir(this.dev, { recursive: true });
  }

  async plugIn({ at, vid, pid, serial, product, ports = {} }: FakeUsb): Promise<void> {
    const folder = join(this.sys, "devices/pci0/usb1", ...hubs(at), at);
    await mkdir(folder, { recursive: true });
    const texts = { idVendor: vid, idProduct: pid, serial, product };
    for (const [name, text] of Object.entries(texts)) {
      if (text !== undefined) await writeFile(join(folder, name), `${text}\n`);
    }
    await symlink(folder, join(this.sys, "bus/usb/devices", at));
    for (const [number, name] of Object.entries(ports)) {
      const usbInterface = join(folder, `${at}:1.${number}`);
      const tty = join(usbInterface, "tty", name);
      await mkdir(tty, { recursive: true });
      await writeFile(join(usbInterface, "bInterfaceNumber"), number.padStart(2, "0"));
      await symlink(usbInterface, join(tty, "device"));
      await symlink(tty, join(this.sys, "class/tty", name));
      await writeFile(join(this.dev, name), "");
    }
  }

  async unplug({ at, ports = {} }: FakeUsb): Promise<void> {
    for (const name of Object.values(ports)) {
      await rm(join(this.sys, "class/tty", name));
      await rm(join(this.dev, name));
    }
    await rm(join(this.sys, "bus/usb/devices", at));
    await rm(join(this.sys, "devices/pci0/usb1", ...hubs(at), at), { recursive: true });
  }

  /** A port of the mainboard, or an empty slot of its driver (type 0). */
  async addUart(name: string, type: number): Promise<void> {
    const tty = join(this.sys, "devices/platform/serial8250/tty", name);
    await mkdir(tty, { recursive: true });
    await writeFile(join(tty, "type"), `${type}\n`);
    await symlink(join(this.sys, "devices/platform/serial8250"), join(tty, "device"));
    await symlink(tty, join(this.sys, "class/tty", name));
  }

  async addConsole(name: string): Promise<void> {
    const tty = join(this.sys, "devices/virtual/tty", name);
    await mkdir(tty, { recursive: true });
    await symlink(tty, join(this.sys, "class/tty", basename(name)));
  }
}

/** `1-1.4` hangs below `1-1`. */
function hubs(at: string): string[] {
  const dot = at.lastIndexOf(".");
  return dot < 0 ? [] : [...hubs(at.slice(0, dot)), at.slice(0, dot)];
}
