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

/** Numbers of one sample in a ring, and where each is. */
const SAMPLE = 4;
const ISN = 0;
const PORT = 1;
const TIME_US = 2;
const FRAME = 3;

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
    this.#numbers[at + ISN] = isn;
    this.#numbers[at + PORT] = port;
    this.#numbers[at + TIME_US] = timeUs;
    this.#numbers[at + FRAME] = frame;
    this.#count += 1;
  }

  /** How many are kept. */
  get size(): number {
    return Math.min(this.#count, this.#kept);
  }

  /** The i-th of those that are kept, in order of time. */
  at(i: number): ChosenIsn {
    return {
      isn: this.number(i, ISN),
      port: this.number(i, PORT),
      timeUs: this.number(i, TIME_US),
      frame: this.number(i, FRAME),
    };
  }

  /** One number of the i-th, without an object for it. */
  number(i: number, which: number): number {
    const place = (this.#count - this.size + i) % this.#kept;
    return this.#numbers[place * SAMPLE + which] ?? 0;
  }
}

/** The ISNs in order of time, each for another 4-tuple (host/check/isn-sequence.ts says why). */
export function isnBlockOf(chosen: IsnRing): IsnBlock {
  const isns: number[] = [];
  const ports: number[] = [];
  const openedUs: number[] = [];
  const steps: number[] = [];
  const timedSteps: number[] = [];
  const timesUs: number[] = [];
  const ratios: number[] = [];
  const { size } = chosen;
  for (let i = 0; i < size; i++) {
    const isn = chosen.number(i, ISN);
    if (i > 0) {
      const step = serialForward(isns[i - 1] ?? 0, isn);
      const elapsedUs = chosen.number(i, TIME_US) - chosen.number(i - 1, TIME_US);
      const lastStep = steps[i - 2] ?? 0;
      if ((lastStep & 1) === 1) ratios.push(Math.imul(step, inverse(lastStep)) >>> 0);
      steps.push(step);
      if (elapsedUs > 0) {
        timedSteps.push(step);
        timesUs.push(elapsedUs);
      }
    }
    isns.push(isn);
    ports.push(chosen.number(i, PORT));
    openedUs.push(chosen.number(i, TIME_US));
  }
  return { isns, ports, openedUs, steps, timedSteps, timesUs, ratios };
}

/** Inverse of an odd number mod 2^32 (Newton: each round doubles the number of right bits). */
function inverse(odd: number): number {
  let x = odd;
  for (let round = 0; round < 4; round++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
