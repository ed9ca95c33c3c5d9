/**
 * Uptime-seeded: `srand(uptime)`, then `rand()` for every ISN, and ports from 1024 up at each boot.
 * In the field: an ARM device and its mail server (2014), nuttx#1054 and #5068; boards without a
 * clock or a noise source start at the same uptime, so at the same numbers.
 */
import type { Destination } from "../device.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

const FIRST_PORT = 1024;

class UptimeSeeded extends SpoiledDevice {
  #state: number | undefined;
  #nextPort = FIRST_PORT;

  override port(_to: Destination): number {
    if (this.#nextPort > 65535) this.#nextPort = FIRST_PORT;
    return this.#nextPort++;
  }

  protected override spoilIsn(): number {
    return ((this.#rand() << 17) ^ (this.#rand() << 2) ^ this.#rand()) >>> 0;
  }

  /** The `rand()` of the C standard's example, seeded with whole seconds of uptime at first use. */
  #rand(): number {
    this.#state ??= Math.floor(this.uptimeUs() / 1_000_000);
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return (this.#state >>> 16) & 0x7fff;
  }
}

export const uptimeSeeded: ZooMember = {
  name: "uptime-seeded",
  field: "firmware that seeds rand() from its uptime: the same ISNs and ports after each restart",
  rules: ["isn-repeats-after-boot", "port-repeats-after-boot", "isn-reuse", "port-reuse"],
  factory: (honest) => (board, settings) => new UptimeSeeded(honest, board, settings),
};
