/**
 * Timestamps restart: TSval is the uptime in milliseconds, from zero at each boot. In the field: most
 * stacks with RFC 7323 on boards without a clock; a server in TIME_WAIT then refuses the SYN however
 * good the ISN is, and starts its timer anew (measured).
 */
import type { Destination } from "../device.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class TimestampsRestart extends SpoiledDevice {
  override timestamp(to: Destination, localPort: number): number {
    if (this.inner.timestamp(to, localPort) === 0) return 0;
    return Math.floor(this.uptimeUs() / 1000) >>> 0 || 1;
  }
}

export const timestampsRestart: ZooMember = {
  name: "timestamps-restart",
  field: "stacks whose TSval is the uptime: PAWS refuses it after a reboot",
  rules: ["tsval-backward"],
  factory: (honest) => (board, settings) => new TimestampsRestart(honest, board, settings),
};
