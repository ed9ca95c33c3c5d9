/**
 * Fixed plus ticks: a constant, to which each connection adds the uptime in half seconds.
 * In the field: lwIP 2.1.3 as delivered (6510 + tcp_ticks), GPRS_C_SDK#380 (every boot ISN 0x196D).
 */
import { serialAdd } from "../../core/serial.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class FixedPlusTicks extends SpoiledDevice {
  #iss = 6510;

  protected override spoilIsn(): number {
    this.#iss = serialAdd(this.#iss, this.slowTicks());
    return this.#iss;
  }
}

export const fixedPlusTicks: ZooMember = {
  name: "fixed-plus-ticks",
  field: "lwIP without an ISN hook: 6510 plus half-second ticks of uptime",
  rules: ["isn-repeats-after-boot", "isn-predictable", "isn-reuse"],
  factory: (honest) => (board, settings) => new FixedPlusTicks(honest, board, settings),
};
