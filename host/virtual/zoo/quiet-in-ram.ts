/**
 * Quiet in RAM: the device keeps quiet after it was given a new key, but only by a timer in RAM. A
 * power cut ends the timer, and after the reboot it talks while old segments still live.
 */
import type { Destination } from "../device.ts";
import { hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";

const KEY = 0x510e527f;

class QuietInRam extends SpoiledDevice {
  #timerRuns = false;

  override provision(key: Uint8Array, options: { newDevice: boolean }): boolean {
    this.#timerRuns = true;
    return super.provision(key, options);
  }

  override isn(to: Destination, localPort: number): number {
    const isn = super.isn(to, localPort);
    if (isn !== 0 || this.#timerRuns || this.status().refusing !== "quiet") return isn;
    return (hashTuple(KEY, to, localPort) + this.uptimeTicks()) >>> 0 || 1;
  }
}

export const quietInRam: ZooMember = {
  name: "quiet-in-ram",
  field: "a quiet time that is a timer in RAM: a reboot ends it",
  rules: ["quiet-time"],
  factory: (honest) => (board, settings) => new QuietInRam(honest, board, settings),
};
