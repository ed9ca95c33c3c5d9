/**
 * Ports restart: ports count up from the same first one at each boot. In the field: lwIP without
 * LWIP_RAND (49153), WIZnet chips with a static address (49152), Contiki-NG (1025),
 * esp8266/Arduino#632, arduino Ethernet#10.
 */
import type { Destination } from "../device.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

const FIRST_PORT = 49_153;

class PortsRestart extends SpoiledDevice {
  #next = FIRST_PORT;

  override port(_to: Destination): number {
    if (this.#next > 65535) this.#next = FIRST_PORT;
    return this.#next++;
  }
}

export const portsRestart: ZooMember = {
  name: "ports-restart",
  field: "lwIP without LWIP_RAND, WIZnet, Contiki-NG: ports count up from the same first one",
  rules: ["port-repeats-after-boot", "port-reuse", "port-predictable"],
  factory: (honest) => (board, settings) => new PortsRestart(honest, board, settings),
};
