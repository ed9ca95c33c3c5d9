/** Simulated time: one owner moves it, everything else reads it. */
export class SimulatedTime {
  #nowUs = 0;

  /** Microseconds since the start of the run. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Lets `us` microseconds pass, a whole number of at least 0. */
  advance(us: number): void {
    if (!(us >= 0)) throw new RangeError(`simulated time cannot go back by ${us} µs`);
    this.#nowUs += us;
  }
}
