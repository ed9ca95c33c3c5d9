// How benches measure: a warm-up, several rounds, the median; and the figures that they return.

/**
 * @typedef {object} Figure
 * @property {string} [of] what was measured on, when a bench measures several things
 * @property {string} name what was measured
 * @property {number | null} value null when there is nothing to count
 * @property {string} unit
 * @property {boolean} exact the same on any machine: a missed goal then fails the run
 * @property {{ bound: number, sense: "at least" | "at most" }} [goal]
 * @property {string} [note]
 */

/**
 * @typedef {object} Setting
 * @property {number} rounds measured rounds of each speed
 * @property {(text: string) => void} progress
 */

/** Seconds on a clock that never goes back. */
function now() {
  return Number(process.hrtime.bigint()) / 1e9;
}

/**
 * Median speed of `work`, in calls a second of what one call of `work` does `count` times. One round
 * that is not measured goes first, so that the machine code of the hot paths is compiled.
 *
 * @param {Setting} setting
 * @param {number} count
 * @param {(round: number) => void} work
 * @returns {number}
 */
export function speed({ rounds }, count, work) {
  const speeds = [];
  for (let round = 0; round <= rounds; round++) {
    const start = now();
    work(round);
    const took = now() - start;
    if (round > 0) speeds.push(count / took);
  }
  return median(speeds);
}

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/** True when the figure keeps its goal, undefined when it has none. @param {Figure} figure */
export function goalMet({ value, goal }) {
  if (goal === undefined || value === null) return undefined;
  return goal.sense === "at least" ? value >= goal.bound : value <= goal.bound;
}

/** A goal that must hold on any machine was missed. @param {Figure} figure */
export function missed(figure) {
  return figure.exact && goalMet(figure) === false;
}
