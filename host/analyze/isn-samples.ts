/** Puts ISNs that a host chose for new 4-tuples into the form that the predictors take. */
import type { IsnBlock } from "../check/isn-sequence.ts";
import { serialForward } from "../core/serial.ts";

export interface ChosenIsn {
  readonly isn: number;
  /** The chooser's own port. */
  readonly port: number;
  readonly timeUs: number;
  readonly frame: number;
}

/** Numbers of one sample in a ring. */
const SAMPLE = 4;

/** The last ISNs that a host chose, as plain numbers: most of them are never looked at. */
export class IsnRing {
  readonly #kept: number;
  readonly #numbers: Float64Array;
  #count = 0;

  constructor(kept: number) {
    this.#kept = kept;
    this.#numbers = new Float64Array(kept * SAMPLE);
  }

  /** All that were added, forgotten ones included. */
  get count(): number {
    return this.#count;
  }

  add(isn: number, port: number, timeUs: number, frame: number): void {
    const at = (this.#count % this.#kept) * SAMPLE;
    this.#numbers[at] = isn;
    this.#numbers[at + 1] = port;
    this.#numbers[at + 2] = timeUs;
    this.#numbers[at + 3] = frame;
    this.#count += 1;
  }

  /** What is kept, in order of time. */
  inOrder(): readonly ChosenIsn[] {
    const kept = Math.min(this.#count, this.#kept);
    const start = this.#count - kept;
    const samples: ChosenIsn[] = [];
    for (let i = 0; i < kept; i++) samples.push(this.#at((start + i) % this.#kept));
    return samples;
  }

  #at(place: number): ChosenIsn {
    const at = place * SAMPLE;
    return {
      isn: this.#numbers[at] ?? 0,
      port: this.#numbers[at + 1] ?? 0,
      timeUs: this.#numbers[at + 2] ?? 0,
      frame: this.#numbers[at + 3] ?? 0,
    };
  }
}

/** `chosen` in order of time, each for another 4-tuple (host/check/isn-sequence.ts says why). */
export function isnBlockOf(chosen: readonly ChosenIsn[]): IsnBlock {
  const isns: number[] = [];
  const ports: number[] = [];
  const steps: number[] = [];
  const timedSteps: number[] = [];
  const timesUs: number[] = [];
  const ratios: number[] = [];
  let before: ChosenIsn | undefined;
  let lastStep: number | undefined;
  for (const one of chosen) {
    isns.push(one.isn);
    ports.push(one.port);
    if (before) {
      const step = serialForward(before.isn, one.isn);
      const elapsedUs = one.timeUs - before.timeUs;
      if (lastStep !== undefined && lastStep % 2 === 1) {
        ratios.push(Math.imul(step, inverse(lastStep)) >>> 0);
      }
      steps.push(step);
      if (elapsedUs > 0) {
        timedSteps.push(step);
        timesUs.push(elapsedUs);
      }
      lastStep = step;
    }
    before = one;
  }
  return { isns, ports, steps, timedSteps, timesUs, ratios };
}

/** Inverse of an odd number mod 2^32 (Newton: each round doubles the number of right bits). */
function inverse(odd: number): number {
  let x = odd;
  for (let round = 0; round < 4; round++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
