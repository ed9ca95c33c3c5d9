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
    return Array.from({ length: kept }, (_, i) => this.#at((start + i) % this.#kept));
  }

  #at(place: number): ChosenIsn {
    const [isn = 0, port = 0, timeUs = 0, frame = 0] = this.#numbers.subarray(
      place * SAMPLE,
      (place + 1) * SAMPLE,
    );
    return { isn, port, timeUs, frame };
  }
}

/** `chosen` in order of time, each for another 4-tuple (host/check/isn-sequence.ts says why). */
export function isnBlockOf(chosen: readonly ChosenIsn[]): IsnBlock {
  const steps: number[] = [];
  const timed: { step: number; elapsedUs: number }[] = [];
  const ratios: number[] = [];
  chosen.forEach(({ isn, timeUs }, i) => {
    const before = chosen[i - 1];
    if (!before) return;
    const step = serialForward(before.isn, isn);
    const elapsedUs = timeUs - before.timeUs;
    const lastStep = steps.at(-1);
    if (lastStep !== undefined && lastStep % 2 === 1) {
      ratios.push(Math.imul(step, inverse(lastStep)) >>> 0);
    }
    steps.push(step);
    if (elapsedUs > 0) timed.push({ step, elapsedUs });
  });
  return {
    isns: chosen.map(({ isn }) => isn),
    ports: chosen.map(({ port }) => port),
    steps,
    timed,
    ratios,
  };
}

/** Inverse of an odd number mod 2^32 (Newton: each round doubles the number of right bits). */
function inverse(odd: number): number {
  let x = odd;
  for (let round = 0; round < 4; round++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
