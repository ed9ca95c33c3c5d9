/**
 * The first opening of a host after each boot. A device that opens one connection a boot, always from the
 * same port, shows no run of repeated ports; its first ones tell.
 */
import type { Opening } from "./found-boot.ts";

/** So many boots in a row have to begin with the port of the boot before. */
const REPEATS_MIN = 2;
const REPEATS_MAX = 6;
/** What most openings give. */
const NONE: readonly never[] = [];

export class FirstOpenings {
  #first: Opening | undefined;
  #openings = 0;
  readonly #repeats: { earlier: Opening; later: Opening }[] = [];
  #forgotten = 0;

  /**
   * `forgotten`: frame in which the connection of the same 4-tuple began that was never closed. Gives the
   * boots so far whose first port is that of the boot before, once they are enough.
   */
  opened(
    opening: Opening,
    probed: boolean,
    forgotten: number | undefined,
  ): readonly { readonly earlier: Opening; readonly later: Opening }[] {
    // An attempt that is made again forgets the same connection again.
    const isBoot = probed || (forgotten !== undefined && forgotten !== this.#forgotten);
    this.#forgotten = forgotten ?? this.#forgotten;
    const earlier = this.#first;
    if (!earlier || isBoot) {
      this.#first = opening;
      const wasAlone = this.#openings === 1;
      this.#openings = 1;
      if (!earlier) return NONE;
      if (!wasAlone || earlier.port !== opening.port) {
        this.#repeats.length = 0;
        return NONE;
      }
      this.#repeats.push({ earlier, later: opening });
      if (this.#repeats.length > REPEATS_MAX) this.#repeats.shift();
      return this.#repeats.length >= REPEATS_MIN ? [...this.#repeats] : NONE;
    }
    // An attempt on the same port, with another number, is the same connection tried again.
    if (opening.port !== this.#first?.port) this.#openings += 1;
    return NONE;
  }
}
