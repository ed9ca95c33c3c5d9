/**
 * Fixed-seed generator: a good pseudo-random generator, started from the same seed at each boot.
 * In the field: smoltcp (PCG32) when the integrator leaves the seed at 0; zephyr#114586 (a noise
 * source that delivers zeros).
 */
import { Random } from "../../core/random.ts";
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class FixedSeedPrng extends SpoiledDevice {
  readonly #random = new Random(0);

  protected override spoilIsn(): number {
    return this.#random.u32();
  }
}

export const fixedSeedPrng: ZooMember = {
  name: "fixed-seed-prng",
  field: "smoltcp with its default seed: a good generator that repeats itself at each boot",
  rules: ["isn-repeats-after-boot"],
  factory: (honest) => (board, settings) => new FixedSeedPrng(honest, board, settings),
};
