/** The identification field of IPv4, where a host counts its packets in it: a counter that runs on. */

/** Packets to other hosts may lie between two. */
const STEP_MAX = 64;
/** So many steps in a row show that it counts. */
const STEPS_MIN = 8;
/** A counter that has just started over is this low. */
const STARTED_MAX = 64;

export class PacketCounter {
  #last = -1;
  #steps = 0;

  sent(identification: number): void {
    if (this.#last >= 0) {
      const step = (identification - this.#last) & 0xffff;
      this.#steps = step >= 1 && step <= STEP_MAX ? this.#steps + 1 : 0;
    }
    this.#last = identification;
  }

  /** It has counted up to the last packet, and is too high to have just begun. */
  get isRunning(): boolean {
    return this.#steps >= STEPS_MIN && this.#last > STARTED_MAX + STEPS_MIN;
  }
}
