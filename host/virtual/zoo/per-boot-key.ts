/**
 * Per-boot key: keyed hash of the tuple plus a clock (RFC 6528), under a key that is drawn anew at
 * each boot. In the field: Linux, FreeBSD, OpenBSD, Zephyr, NuttX, ESP-IDF. The tuple's offset jumps
 * at a reboot, and half of all reconnects fall behind.
 */
import type { Destination } from "../device.ts";
import { drawU32, hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";

class PerBootKey extends SpoiledDevice {
  #key = 0;

  override boot(): void {
    this.#key = drawU32(this.board);
    super.boot();
  }

  protected override spoilIsn(_honest: number, to: Destination, localPort: number): number {
    return hashTuple(this.#key, to, localPort) + this.uptimeTicks();
  }
}

export const perBootKey: ZooMember = {
  name: "per-boot-key",
  field: "Linux, Zephyr, ESP-IDF: RFC 6528 with a key per boot, so half the reconnects fall back",
  rules: ["isn-backward", "isn-window"],
  factory: (honest) => (board, settings) => new PerBootKey(honest, board, settings),
};
