/**
 * Jump too far: each boot moves the numbers on by more than 2^31, to be "safely" past the old ones.
 * In the field: the AIX trace of field case 1, where a SYN 2233732218 ahead of the old connection
 * was answered with a plain ACK.
 */
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

const JUMP = 2_233_732_218;

class JumpTooFar extends SpoiledDevice {
  protected override spoilIsn(honest: number): number {
    // Every second boot lands 172,497,140 further on: two jumps go once around.
    return honest + (this.status().bootCount ?? 0) * JUMP;
  }
}

export const jumpTooFar: ZooMember = {
  name: "jump-too-far",
  field: "firmware that adds a large step at each boot: more than 2^31 ahead counts as behind",
  rules: ["isn-window"],
  factory: (honest) => (board, settings) => new JumpTooFar(honest, board, settings),
};
