/**
 * 64K rule: one number for all connections, 64,000 further with each connection and each half
 * second. In the field: 4.2BSD and what came of it, old Windows, printers and switches. The start is
 * random here, so that the step is the sin.
 */
import { drawU32, SpoiledDevice, type ZooMember } from "./device-base.ts";

const STEP = 64_000;

class SixtyFourKRule extends SpoiledDevice {
  #start = 0;
  #connections = 0;

  override boot(): void {
    this.#start = drawU32(this.board);
    super.boot();
  }

  protected override spoilIsn(): number {
    this.#connections++;
    return this.#start + STEP * (this.#connections + this.slowTicks());
  }
}

export const sixtyFourKRule: ZooMember = {
  name: "64k-rule",
  field: "4.2BSD and its heirs: 64,000 more with each connection and half second",
  rules: ["isn-predictable"],
  factory: (honest) => (board, settings) => new SixtyFourKRule(honest, board, settings),
};
