/** Port is ISN: the client's ISN is its local port. In the field: Mongoose's built-in stack. */
import type { Destination } from "../device.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class PortIsIsn extends SpoiledDevice {
  protected override spoilIsn(_honest: number, _to: Destination, localPort: number): number {
    return localPort;
  }
}

export const portIsIsn: ZooMember = {
  name: "port-is-isn",
  field: "Mongoose's built-in stack: the ISN of a client is its local port",
  rules: ["isn-predictable", "isn-reuse"],
  factory: (honest) => (board, settings) => new PortIsIsn(honest, board, settings),
};
