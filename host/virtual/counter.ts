/** A board's free-running 32-bit counter, driven by simulated time. */
import type { SimulatedTime } from "./time.ts";

const TWO_32 = 0x1_0000_0000;
const US_PER_S = 1_000_000;

export class SimulatedCounter {
  readonly hz: number;
  readonly #time: SimulatedTime;
  /** Instant at which the counter stood at `#base`. */
  #sinceUs: number;
  #base: number;
  #running = true;

  /** Counts at `hz` from `start` (u32). */
  constructor(time: SimulatedTime, hz: number, start = 0) {
    this.hz = hz;
    this.#time = time;
    this.#sinceUs = time.nowUs;
    this.#base = start >>> 0;
  }

  /** The counter now, u32; it wraps. */
  ticks(): number {
    if (!this.#running) return this.#base;
    const elapsedUs = this.#time.nowUs - this.#sinceUs;
    const seconds = Math.floor(elapsedUs / US_PER_S);
    const restUs = elapsedUs - seconds * US_PER_S;
    // Split so that every product stays an exact integer below 2^53, for months of simulated time.
    const steps = seconds * this.hz + Math.floor((restUs * this.hz) / US_PER_S);
    return (this.#base + (steps % TWO_32)) >>> 0;
  }

  /** Power-on: starts counting anew from `value`. */
  restart(value: number): void {
    this.#base = value >>> 0;
    this.#sinceUs = this.#time.nowUs;
    this.#running = true;
  }

  /** Fault: the counter moves by `steps` at once; a negative number runs it backwards. */
  jump(steps: number): void {
    // Only the base moves, so that no fraction of a step is lost.
    this.#base = (this.#base + steps) >>> 0;
  }

  /** Fault: the counter stands still (a clock gated in sleep). */
  stop(): void {
    this.#base = this.ticks();
    this.#running = false;
  }

  /** The counter goes on from where it stopped. */
  resume(): void {
    if (this.#running) return;
    this.#sinceUs = this.#time.nowUs;
    this.#running = true;
  }
}
