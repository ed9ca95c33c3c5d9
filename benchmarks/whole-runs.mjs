// Whole runs of `isnkit simulate`, on one core and on two: what a second core adds.
import { readFileSync } from "node:fs";
import { median } from "./measure.mjs";
import { inTurns } from "./turns.mjs";

/** Reboots of whole runs; the last one has the goals, because the start weighs more at fewer. */
const WHOLE_RUNS = [200_000, 1_000_000];
const WHOLE_ROUNDS_MAX = 3;
const SCALING_GOAL = 1.8;
const SHARING_NOTE =
  "what two threads of one program lose against two programs that share nothing; 0.9 is 1.8 of 2";
const [CORE = "0", OTHER_CORE = "1"] = cores();
const COMMAND = new URL("../dist/cli/main.js", import.meta.url).pathname;

/**
 * One worker on one core, two workers, and two programs at once, one to a core, which share nothing: what
 * those do together is all that two cores of this machine can. The three run in turns, because the speed of
 * a machine changes by half within the length of a run; of a second or so, because each finds the caches
 * full of the others' at first. Start of Node and of the threads, canaries,
 * statistics and report are in. The run on one core is held there, because the engine would collect garbage
 * and compile on the other one. Processor time shows how much work a second thread adds.
 *
 * @param {import("./measure.mjs").Setting} setting
 */
export async function wholeRuns({ rounds, progress }) {
  const figures = [];
  /** @type {Runs[][]} */
  const all = [];
  for (const reboots of WHOLE_RUNS) {
    const name = `whole run of ${reboots.toLocaleString("en")} reboots`;
    const runs = [];
    for (let round = 1; round <= Math.min(rounds, WHOLE_ROUNDS_MAX); round++) {
      progress(`${name}, round ${round}`);
      runs.push(await wholeRun(reboots));
    }
    all.push(runs);
    figures.push(...wholeRunFigures(name, reboots, runs));
  }
  return [...figures, ...beyondFigures(all[0] ?? [], all.at(-1) ?? [])];
}

/** @typedef {import("./turns.mjs").Run} Run */
/** @typedef {{ one: Run, two: Run, both: Run }} Runs */

/** @param {number} reboots @returns {Promise<Runs>} */
async function wholeRun(reboots) {
  const words = [COMMAND, "simulate", "--reboots", String(reboots), "--seed", "1", "--workers"];
  const alone = { core: CORE, words: [...words, "1"] };
  const legs = [
    { turnMs: 1600, programs: [alone] },
    { turnMs: 880, programs: [{ words: [...words, "2"] }] },
    { turnMs: 1760, programs: [alone, { ...alone, core: OTHER_CORE }] },
  ];
  const [one, two, both] = /** @type {[Run, Run, Run]} */ (await inTurns(legs));
  return { one, two, both };
}

/**
 * @param {string} name
 * @param {number} reboots
 * @param {readonly Runs[]} runs
 */
function wholeRunFigures(name, reboots, runs) {
  /** @param {string} what @param {string} unit @param {(runs: Runs) => number} of */
  const figure = (what, unit, of) => {
    return { name: `${name}, ${what}`, value: median(runs.map(of)), unit, exact: false };
  };
  const hasGoals = reboots === WHOLE_RUNS.at(-1);
  /** @param {number} bound */
  const atLeast = (bound) => ({ bound, sense: /** @type {const} */ ("at least") });
  return [
    figure("one core", "reboots/s", ({ one }) => reboots / one.wallS),
    figure("two cores", "reboots/s", ({ two }) => reboots / two.wallS),
    {
      ...figure("two cores against one", "times", ({ one, two }) => one.wallS / two.wallS),
      ...(hasGoals ? { goal: atLeast(SCALING_GOAL) } : {}),
    },
    figure(
      "two programs at once against one",
      "times",
      ({ one, both }) => (2 * one.wallS) / both.wallS,
    ),
    {
      ...figure(
        "two workers against two programs at once",
        "times",
        ({ two, both }) => both.wallS / (2 * two.wallS),
      ),
      ...(hasGoals ? { goal: atLeast(SCALING_GOAL / 2), note: SHARING_NOTE } : {}),
    },
    figure(
      "processor time of two workers against one",
      "times",
      ({ one, two }) => two.cpuS / one.cpuS,
    ),
  ];
}

/**
 * What the reboots take by which the longest run is longer than the shortest: start, compilation by the
 * engine, canaries and report are the same in both, and cancel out.
 *
 * @param {readonly Runs[]} short @param {readonly Runs[]} long
 */
function beyondFigures(short, long) {
  const [from = 0, to = 0] = WHOLE_RUNS;
  /** @param {keyof Runs} leg */
  const seconds = (leg) =>
    median(long.map((runs) => runs[leg].wallS)) - median(short.map((runs) => runs[leg].wallS));
  const name = `reboots beyond the first ${from.toLocaleString("en")}`;
  /** @param {string} what @param {string} unit @param {number} value */
  const figure = (what, unit, value) => ({ name: `${name}, ${what}`, value, unit, exact: false });
  const goal = { bound: SCALING_GOAL, sense: /** @type {const} */ ("at least") };
  return [
    figure("one core", "reboots/s", (to - from) / seconds("one")),
    figure("two cores", "reboots/s", (to - from) / seconds("two")),
    { ...figure("two cores against one", "times", seconds("one") / seconds("two")), goal },
    figure("two programs at once against one", "times", (2 * seconds("one")) / seconds("both")),
  ];
}

/** Cores that this process may run on, by their numbers: `0-1` or `0,2`. */
function cores() {
  const status = readFileSync("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
}
