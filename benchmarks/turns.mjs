// Node programs that run in turns: each stands still (SIGSTOP) while another goes on (SIGCONT), so that
// all of them see the same moments of a machine whose speed changes. Needs setpriv and taskset (util-linux).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** The kernel kills a program when the bench ends, however it ends: a stopped one would stay for ever. */
const DIES_WITH_BENCH = ["setpriv", "--pdeathsig", "KILL"];

/**
 * @typedef {object} Program
 * @property {string} [core] the one core that it is held to
 * @property {readonly string[]} words path of the script and its arguments
 */

/**
 * @typedef {object} Leg programs that run at once; it is over when all have ended
 * @property {number} turnMs length of a turn: in proportion to what the leg needs, all legs end together
 * @property {readonly Program[]} programs
 */

/** @typedef {{ wallS: number, cpuS: number }} Run wall time of its own turns, processor time of all programs */

/**
 * Runs the legs in turns until all are over. A program that fails ends all of them.
 *
 * @param {readonly Leg[]} legs
 * @returns {Promise<Run[]>}
 */
export async function inTurns(legs) {
  const runners = legs.map((leg) => new Runner(leg));
  try {
    while (runners.some(({ over }) => !over)) {
      for (const runner of runners) if (!runner.over) await runner.turn();
    }
    return runners.map(({ wallMs, cpuS }) => ({ wallS: wallMs / 1000, cpuS }));
  } finally {
    await Promise.allSettled(runners.map((runner) => runner.kill()));
  }
}

class Runner {
  over = false;
  wallMs = 0;
  cpuS = 0;
  #leg;
  /** @type {Started[]} */
  #started = [];
  /** @type {Promise<number[]> | undefined} */
  #ended;

  /** @param {Leg} leg */
  constructor(leg) {
    this.#leg = leg;
  }

  /** Goes on until the end of the turn or of the leg, whichever comes first. */
  async turn() {
    const start = performance.now();
    this.#signal("SIGCONT");
    this.#ended ??= this.#start();
    const endOfTurn = delay(this.#leg.turnMs, undefined, { ref: false });
    const cpuS = await Promise.race([this.#ended, endOfTurn]);
    this.#signal("SIGSTOP");
    this.wallMs += performance.now() - start;
    if (cpuS === undefined) return;
    this.over = true;
    this.cpuS = cpuS.reduce((sum, each) => sum + each, 0);
  }

  async kill() {
    this.#signal("SIGKILL");
    await Promise.allSettled(this.#started.map(({ ended }) => ended));
  }

  #start() {
    for (const program of this.#leg.programs) this.#started.push(start(program));
    return Promise.all(this.#started.map(({ ended }) => ended));
  }

  /** Does nothing to a program that has ended. @param {NodeJS.Signals} signal */
  #signal(signal) {
    for (const { child } of this.#started) child.kill(signal);
  }
}

/** @typedef {ReturnType<typeof start>} Started */

/** @param {Program} program */
function start({ core, words }) {
  // The child tells its own processor time when it ends, on a stream that it does not use otherwise.
  const tell = `process.on("exit",()=>{const{user,system}=process.cpuUsage();writeSync(3,String(user+system))})`;
  const script = encodeURIComponent(
    `import{writeSync}from"node:fs";import{isMainThread}from"node:worker_threads";if(isMainThread)${tell}`,
  );
  const hook = `--import=data:text/javascript,${script}`;
  const held = core === undefined ? [] : ["taskset", "-c", core];
  // setpriv and taskset become the program that they start, so that signals reach it.
  const [command = "", ...rest] = [...DIES_WITH_BENCH, ...held, process.execPath, hook, ...words];
  const child = spawn(command, rest, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  return { child, ended: cpuSeconds(child, words) };
}

/**
 * Processor time of a program, when it has ended.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @param {readonly string[]} words
 */
async function cpuSeconds(child, words) {
  const said = ["", ""];
  for (const [i, stream] of [child.stderr, child.stdio[3]].entries()) {
    stream?.on("data", (bytes) => {
      said[i] += String(bytes);
    });
  }
  const [status, signal] = await once(child, "close");
  if (status !== 0) throw new Error(`${words.join(" ")}: exit ${status ?? signal}\n${said[0]}`);
  return Number(said[1]) / 1e6;
}
