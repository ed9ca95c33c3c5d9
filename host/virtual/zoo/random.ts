/**
 * Random: every ISN is a fresh random number. In the field: FreeRTOS+TCP ports that return their
 * noise source, and many a "fix" for predictable numbers. Half of all reconnects fall behind.
 */
import { drawU32, SpoiledDevice, type ZooMember } from "./device-base.ts";

class RandomIsn extends SpoiledDevice {
  protected override spoilIsn(): number {
    return drawU32(this.board);
  }
}

export const randomIsn: ZooMember = {
  name: "random",
  field: "stacks that take each ISN from the noise source: half the reconnects fall back",
  rules: ["isn-backward", "isn-window"],
  factory: (honest) => (board, settings) => new RandomIsn(honest, board, settings),
};
