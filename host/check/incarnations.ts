/**
 * What is still alive of earlier connections, per tuple. A tuple is forgotten 2 × MSL after it was
 * last heard of (RFC 9293 §3.4.3), so that memory follows the connection rate, not the length of
 * the stream.
 */
import type { OpenSample, UsedSample } from "../core/sample.ts";
import { serialAdd, serialAfter } from "../core/serial.ts";
import { tupleKey } from "../core/tuple.ts";
import type { Incarnation } from "./rule.ts";

/**
 * Most incarnations kept for one tuple. The oldest (the window rule looks at it) and the newest (the
 * backward rule) always stay; those between are thinned, as a breach against one of them is all but
 * always a breach against its neighbours too.
 */
export const INCARNATIONS_PER_TUPLE_MAX = 64;

/**
 * Sweeps per 2 × MSL. A Map that loses its first entry at every sample is slow to iterate, as the
 * iterator passes over the holes; what is dead but not swept yet is never handed out.
 */
const SWEEPS_PER_LIFETIME = 64;

const NONE: readonly Incarnation[] = [];

interface Life {
  lastUs: number;
  incarnations: Incarnation[];
}

export class Incarnations {
  readonly #twoMslUs: number;
  /** In order of `lastUs`: a touched tuple moves to the end, so the front is the next to expire. */
  readonly #lives = new Map<string, Life>();
  #nowUs = Number.NEGATIVE_INFINITY;
  #sweepUs = Number.NEGATIVE_INFINITY;

  constructor(twoMslUs: number) {
    this.#twoMslUs = twoMslUs;
  }

  /** Tuples and incarnations in memory now. */
  get retained(): { tuples: number; incarnations: number } {
    let incarnations = 0;
    for (const life of this.#lives.values()) incarnations += life.incarnations.length;
    return { tuples: this.#lives.size, incarnations };
  }

  /** Moves the clock of the stream forward, and forgets now and then what is dead by then. */
  advance(timeUs: number): void {
    if (timeUs <= this.#nowUs) return;
    this.#nowUs = timeUs;
    if (timeUs < this.#sweepUs) return;
    this.#sweepUs = timeUs + this.#twoMslUs / SWEEPS_PER_LIFETIME;
    for (const [key, life] of this.#lives) {
      if (life.lastUs + this.#twoMslUs > timeUs) break;
      this.#lives.delete(key);
    }
  }

  /** The live incarnations of a tuple, oldest first. */
  of(key: string): readonly Incarnation[] {
    const life = this.#lives.get(key);
    if (life === undefined) return NONE;
    const oldest = life.incarnations[0];
    if (oldest !== undefined && oldest.lastUs + this.#twoMslUs <= this.#nowUs) {
      life.incarnations = life.incarnations.filter(
        (one) => one.lastUs + this.#twoMslUs > this.#nowUs,
      );
    }
    return life.incarnations;
  }

  /** A SYN starts an incarnation; the SYN itself uses one number. */
  open(sample: OpenSample, key = tupleKey(sample.tuple)): void {
    this.#push(key, {
      boot: sample.boot,
      openedUs: sample.timeUs,
      isn: sample.isn,
      next: serialAdd(sample.isn, 1),
      lastUs: sample.timeUs,
      tsval: sample.tsval,
      portChoice: sample.portChoice,
    });
  }

  /** The newest incarnation of the tuple has got this far. */
  used(sample: UsedSample, key = tupleKey(sample.tuple)): void {
    const life = this.#lives.get(key);
    const newest = life?.incarnations.at(-1);
    if (life === undefined || newest === undefined) {
      // It was silent for longer than 2 × MSL and its ISN is forgotten. Its last number still counts.
      this.#push(key, {
        boot: sample.boot,
        openedUs: sample.timeUs,
        isn: serialAdd(sample.next, -1),
        next: sample.next,
        lastUs: sample.timeUs,
        tsval: sample.tsval,
        portChoice: "unknown",
      });
      return;
    }
    const { tsval } = sample;
    const later =
      newest.tsval === undefined || (tsval !== undefined && serialAfter(tsval, newest.tsval));
    life.incarnations[life.incarnations.length - 1] = {
      boot: newest.boot,
      openedUs: newest.openedUs,
      isn: newest.isn,
      next: sample.next,
      lastUs: Math.max(newest.lastUs, sample.timeUs),
      tsval: later ? tsval : newest.tsval,
      portChoice: newest.portChoice,
    };
    this.#touch(key, life, sample.timeUs);
  }

  #push(key: string, incarnation: Incarnation): void {
    const life = this.#lives.get(key) ?? { lastUs: incarnation.lastUs, incarnations: [] };
    life.incarnations.push(incarnation);
    if (life.incarnations.length > INCARNATIONS_PER_TUPLE_MAX) {
      const last = life.incarnations.length - 1;
      life.incarnations = life.incarnations.filter((_, i) => i === last || i % 2 === 0);
    }
    this.#touch(key, life, incarnation.lastUs);
  }

  #touch(key: string, life: Life, timeUs: number): void {
    life.lastUs = Math.max(life.lastUs, timeUs);
    this.#lives.delete(key);
    this.#lives.set(key, life);
  }
}
