/**
 * Whoever gives a simulated device its key: the production line at first, the service desk after a loss.
 * It knows what the scenario has done to the device's storage, and so which refusals are due.
 */
import type { Device } from "./device.ts";

/** What the service desk answers with a (new) key. */
const NEEDS_KEY: readonly string[] = ["unprovisioned", "storageCorrupt"];

export interface ServiceDeskSetting {
  /** Gives the device a key; false when it does not take it. */
  readonly provision: (device: Device, newDevice: boolean) => boolean;
  /** Told when what rotted in the storage turns out to have been needed: from here on it counts as lost. */
  readonly onLost?: () => void;
}

export class ServiceDesk {
  /** The production line has not given the device its first key yet. */
  isNew = true;
  /** Storage was lost or rotted, or provisioning was cut: the device may have to keep quiet. */
  quietOwed = false;
  /** Writes fail in this boot, or did. */
  writesFail = false;
  readonly #setting: ServiceDeskSetting;
  /** Bits have rotted, and no boot has told yet what it makes of them. */
  #rotted = false;
  readonly #undue: string[] = [];

  constructor(setting: ServiceDeskSetting) {
    this.#setting = setting;
  }

  storageRotted(): void {
    this.#rotted = true;
    this.quietOwed = true;
  }

  /** The device keeps quiet: what rotted, if anything has, was needed. */
  missedRotted(): void {
    if (!this.#rotted) return;
    this.#rotted = false;
    this.#setting.onLost?.();
  }

  /**
   * Gives a device that has booted the key that it needs. Notes refusals that were not due: a device
   * that lost its key, say; it gets a new one all the same.
   */
  serve(device: Device): void {
    const { ready, refusing = "" } = device.status();
    if (ready) {
      this.isNew = false;
      this.quietOwed = false;
      this.#rotted = false;
      return;
    }
    const needsKey = NEEDS_KEY.includes(refusing);
    if (needsKey || refusing === "quiet") this.missedRotted();
    if (needsKey) this.#provision(device, refusing);
    else if (!this.isDue(refusing)) {
      this.noteUndue(refusing);
      // Once reported, it may have its quiet time, so that the simulation gets on.
      this.quietOwed = true;
    }
    if (device.status().ready) this.quietOwed = false;
  }

  #provision(device: Device, refusing: string): void {
    const newDevice = this.isNew;
    if (!newDevice && !this.quietOwed) this.noteUndue(refusing);
    // From here on it depends on how far provisioning gets whether quiet time is due.
    this.quietOwed = true;
    if (this.#setting.provision(device, newDevice)) this.isNew = false;
    else if (!this.writesFail) this.noteUndue(device.status().refusing);
  }

  /** Why a refusal may be due: the scenario owes quiet time, or makes storage fail. */
  isDue(reason: string): boolean {
    if (reason === "quiet") return this.quietOwed;
    return this.writesFail && (reason === "storageFailed" || NEEDS_KEY.includes(reason));
  }

  noteUndue(reason: string | undefined): void {
    this.#undue.push(reason || "no reason given");
  }

  /** Refusals that were not due, until the boot that shows them gets through. */
  takeUndue(): string[] {
    return this.#undue.splice(0);
  }
}
