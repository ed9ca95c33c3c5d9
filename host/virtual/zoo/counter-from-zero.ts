/**
 * Counter from zero: one counter for all connections that goes on a little every half second, and
 * starts at 0 at each boot. In the field: uIP and Contiki-NG.
 */
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

/** The periodic timer visits each of ten connection slots, and counts each visit. */
const STEPS_PER_SLOW_TICK = 10;

class CounterFromZero extends SpoiledDevice {
  protected override spoilIsn(): number {
    return this.slowTicks() * STEPS_PER_SLOW_TICK;
  }
}

export const counterFromZero: ZooMember = {
  name: "counter-from-zero",
  field: "Contiki-NG and uIP: an unjournaled counter that starts at 0 at each boot",
  rules: ["isn-repeats-after-boot", "isn-predictable", "isn-reuse"],
  factory: (honest) => (board, settings) => new CounterFromZero(honest, board, settings),
};
