/**
 * The attack on ISNs by delay coordinates (M. Zalewski, "Strange Attractors and TCP/IP Sequence Number
 * Analysis", 2001): steps x, y, z between successive ISNs are a point in space; who knows y and z looks
 * for points seen before that are near, and guesses their x. How many guesses it takes is the size of
 * the attack set.
 *
 * Blocks of 128 ISNs of new tuples: 96 to learn from, 32 to guess. A guess hits when it is within
 * ±512 of the step; a trial is given 48 guesses. On a good device a step is uniform whatever came
 * before, so a trial hits with at most 48 · 1025 / 2^32.
 */

import { serialDistance, serialForward } from "../../core/serial.ts";
import { lnBinomialTail } from "../chance.ts";
import type { StatisticKind } from "./statistic.ts";

const LEARNED = 96;
const GUESSED = 32;
const GUESSES_MAX = 48;
const RADIUS = 512;
const WIDTH = 2 * RADIUS + 1;
/** Places of learned steps that have two others before them. */
const PLACES = Array.from({ length: LEARNED - 3 }, (_, i) => i + 2);
/** Trials by the number of guesses they took: 1 … 48, and those that never hit. */
const NEVER = GUESSES_MAX;

export const attractor: StatisticKind = {
  id: "attractor",
  name: "attack set by delay coordinates",
  unit: "ISNs",
  source: "Zalewski 2001, delay coordinates",
  explanation:
    "how many ISNs an attacker who watched 96 connections has to try for the next one, in half of all cases; 2,147,483,648 means that watching does not help",
  rule: "isn-predictable",
  size: GUESSES_MAX + 1,
  sampleSizeMin: GUESSED,
  start() {
    const counts = new Array<number>(GUESSES_MAX + 1).fill(0);
    let isns: number[] = [];
    return {
      counts,
      add({ fresh, sample }) {
        if (!fresh) return;
        isns.push(sample.isn);
        if (isns.length < LEARNED + GUESSED) return;
        for (const guesses of attack(isns)) {
          const at = guesses ?? NEVER;
          counts[at] = (counts[at] ?? 0) + 1;
        }
        isns = [];
      },
    };
  },
  judge(counts) {
    const sampleSize = counts.reduce((sum, count) => sum + count, 0);
    const hits = sampleSize - (counts[NEVER] ?? 0);
    return {
      ...(sampleSize === 0 ? {} : { value: attackSet(counts, sampleSize) }),
      sampleSize,
      limit: `${hits} of ${sampleSize} guessed with ${GUESSES_MAX} tries; chance allows none`,
      lnChance: lnBinomialTail(sampleSize, hits, (GUESSES_MAX * WIDTH) / 2 ** 32),
    };
  },
};

/** For each step to be guessed: guesses before the one that hit (0: the first), or undefined. */
function attack(isns: readonly number[]): (number | undefined)[] {
  const steps = isns.slice(1).map((isn, i) => serialForward(isns[i] ?? 0, isn));
  const learned = LEARNED - 1;
  return steps.slice(learned).map((x, i) => {
    const y = steps[learned + i - 1] ?? 0;
    const z = steps[learned + i - 2] ?? 0;
    // On a good device no step is near: only where one is, its place among the guesses counts.
    const near = (k: number) => Math.abs(serialDistance(steps[k] ?? 0, x)) <= RADIUS;
    if (!PLACES.some(near)) return undefined;
    const distanceOf = (k: number) => {
      const dy = serialDistance(steps[k - 1] ?? 0, y);
      const dz = serialDistance(steps[k - 2] ?? 0, z);
      return Math.max(Math.abs(dy), Math.abs(dz));
    };
    const guesses = [...PLACES].sort((a, b) => distanceOf(a) - distanceOf(b));
    const hit = guesses.slice(0, GUESSES_MAX).findIndex(near);
    return hit < 0 ? undefined : hit;
  });
}

/** ISNs to be tried until half of the trials have hit; half of all numbers when they never do. */
function attackSet(counts: readonly number[], total: number): number {
  let passed = 0;
  for (let guesses = 0; guesses < GUESSES_MAX; guesses++) {
    passed += counts[guesses] ?? 0;
    if (2 * passed >= total) return (guesses + 1) * WIDTH;
  }
  return 2 ** 31;
}
