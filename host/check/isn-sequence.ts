/**
 * The ISNs that `isn-predictable` looks at: those of tuples that are new in the block. On a good
 * device such an ISN is the clock plus a keyed hash of the tuple (RFC 6528 §3): uniform, and
 * independent of everything before it. So are its step from the connection before (of whatever tuple)
 * and the ratio of that step to the step before, which is what the tests rest on.
 */
import type { OpenSample } from "../core/sample.ts";
import { serialForward } from "../core/serial.ts";
import { tupleKey } from "../core/tuple.ts";

/** Samples per block. A tuple counts as new once per block, which bounds the memory. */
export const BLOCK_SIZE = 4096;

export interface IsnBlock {
  readonly isns: readonly number[];
  readonly ports: readonly number[];
  /** When each was sent, in microseconds. */
  readonly openedUs: readonly number[];
  /** Steps mod 2^32 from the connection before. */
  readonly steps: readonly number[];
  /** Steps within one boot, and for each the time between, in microseconds (above 0). */
  readonly timedSteps: readonly number[];
  readonly timesUs: readonly number[];
  /** Factor by which an odd step has to be multiplied to give the next one, mod 2^32. */
  readonly ratios: readonly number[];
}

interface Last {
  readonly boot: number;
  readonly timeUs: number;
  readonly isn: number;
  readonly step: number | undefined;
}

export class IsnSequence {
  #last: Last | undefined;
  readonly #tuples = new Set<string>();
  #block = emptyBlock();

  get block(): IsnBlock {
    return this.#block;
  }

  /** Adds an open; returns true when it gave a sample (its tuple is new in this block). */
  add(open: OpenSample): boolean {
    const key = tupleKey(open.tuple);
    const last = this.#last;
    const step = last === undefined ? undefined : serialForward(last.isn, open.isn);
    this.#last = { boot: open.boot, timeUs: open.timeUs, isn: open.isn, step };
    if (this.#tuples.has(key)) return false;
    this.#tuples.add(key);
    const block = this.#block;
    block.isns.push(open.isn);
    block.ports.push(open.tuple.localPort);
    block.openedUs.push(open.timeUs);
    if (last === undefined || step === undefined) return true;
    block.steps.push(step);
    const elapsedUs = open.timeUs - last.timeUs;
    if (last.boot === open.boot && elapsedUs > 0) {
      block.timedSteps.push(step);
      block.timesUs.push(elapsedUs);
    }
    if (last.step !== undefined && last.step % 2 === 1) {
      block.ratios.push(Math.imul(step, inverse(last.step)) >>> 0);
    }
    return true;
  }

  nextBlock(): void {
    this.#tuples.clear();
    this.#block = emptyBlock();
  }
}

function emptyBlock() {
  return {
    isns: [] as number[],
    ports: [] as number[],
    openedUs: [] as number[],
    steps: [] as number[],
    timedSteps: [] as number[],
    timesUs: [] as number[],
    ratios: [] as number[],
  };
}

/** Inverse of an odd number mod 2^32 (Newton: each round doubles the number of right bits). */
function inverse(odd: number): number {
  let x = odd;
  for (let round = 0; round < 4; round++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
