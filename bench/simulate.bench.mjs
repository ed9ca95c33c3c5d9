// What a simulated reboot costs: with all rules, on one core and on two, by the number of
// TIME_WAIT entries and by the length of the journal.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { STORAGE } from "../dist/module/abi.js";
import { IsnModule } from "../dist/module/isn-module.js";
import { readIsnModule } from "../dist/module/load.js";
import { makeRewindable } from "../dist/module/rewindable.js";
import { runCases } from "../dist/simulate/run-cases.js";
import { DEFAULT_SETTINGS } from "../dist/simulate/settings.js";
import { benchBoard, LOCAL, provision, REMOTE } from "./bench-board.mjs";
import { speed } from "./measure.mjs";

const REBOOTS_GOAL = 15_000;
const SCALING_GOAL = 1.8;
/** Reboots of whole runs; the last one has the goal. */
const WHOLE_RUNS = [200_000, 1_000_000];
const WHOLE_ROUNDS_MAX = 3;
/** Runs a command on one core (util-linux). */
const [CORE = "0", OTHER_CORE = "1"] = cores();
const ONE_CORE = ["taskset", "-c", CORE];
const NO_RUN = { wallS: 0, cpuS: 0 };
const CASES = 150;
const BOOTS = 4_000;
const OFF_US = 50_000;
const TABLE = 32;

/** @param {import("./measure.mjs").Setting} setting */
export async function run(setting) {
  const wasm = await readIsnModule();
  return [
    ...(await wholeRuns(setting)),
    ...(await cases(setting, wasm)),
    ...timeWait(setting, wasm),
    ...journal(setting, wasm),
    ...(await memory(setting, wasm)),
  ];
}

/**
 * @param {Uint8Array} wasm
 * @param {number} seed
 * @returns {import("../dist/simulate/campaign.js").Campaign}
 */
function campaign(wasm, seed) {
  return {
    settings: DEFAULT_SETTINGS,
    seed,
    board: "sim",
    generator: "isnkit",
    total: 1e6,
    mode: "swarm",
    wasm,
    version: "bench",
    flags: [],
  };
}

/**
 * Honest reboots with all rules, in one thread.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {Uint8Array} wasm
 */
async function cases({ rounds, progress }, wasm) {
  /** @type {number[]} */
  const wall = [];
  /** @type {number[]} */
  const cpu = [];
  for (let round = 0; round <= rounds; round++) {
    progress(`cases, round ${round} of ${rounds}`);
    const usage = process.cpuUsage();
    const rebootsPerS = await rate(wasm, CASES, round);
    const { user, system } = process.cpuUsage(usage);
    // The first round warms up.
    if (round === 0) continue;
    wall.push(rebootsPerS);
    cpu.push((CASES * DEFAULT_SETTINGS.rebootsPerCase) / ((user + system) / 1e6));
  }
  const goal = { bound: REBOOTS_GOAL, sense: /** @type {const} */ ("at least") };
  return [
    {
      name: "simulated reboots, of processor time",
      value: median(cpu),
      unit: "reboots/CPU-s",
      exact: false,
      goal,
      note: "what one core does in a second of its own time, whatever else runs on the machine",
    },
    {
      name: "simulated reboots, one thread",
      value: median(wall),
      unit: "reboots/s",
      exact: false,
      goal,
      note: "rewound instance, recovery, two connections on average, servers, faults, all rules",
    },
  ];
}

/**
 * Whole runs of the command, on one core and on two: start of Node and of the threads, canaries,
 * statistics and report are in. The two alternate, so that both see the same machine. The run on one core
 * is held there, because the engine would collect garbage and compile on the other one. Processor time
 * shows how much work a second thread adds, even where other work takes part of the wall time. Two programs
 * at once, one to a core, share nothing: what they do together is all that two cores of this machine can.
 *
 * @param {import("./measure.mjs").Setting} setting
 */
async function wholeRuns({ rounds, progress }) {
  const figures = [];
  for (const reboots of WHOLE_RUNS) {
    const name = `whole run of ${reboots.toLocaleString("en")} reboots`;
    /** @type {Run[][]} */
    const runs = [];
    for (let round = 1; round <= Math.min(rounds, WHOLE_ROUNDS_MAX); round++) {
      progress(`${name}, round ${round}`);
      const one = await wholeRun(reboots, ONE_CORE, 1);
      const two = await wholeRun(reboots, [], 2);
      const other = ["taskset", "-c", OTHER_CORE];
      const both = [wholeRun(reboots, ONE_CORE, 1), wholeRun(reboots, other, 1)];
      runs.push([one, two, longest(await Promise.all(both))]);
    }
    /** @param {(one: Run, two: Run, both: Run) => number} of */
    const middle = (of) =>
      median(runs.map(([one = NO_RUN, two = NO_RUN, both = NO_RUN]) => of(one, two, both)));
    const goal = { bound: SCALING_GOAL, sense: /** @type {const} */ ("at least") };
    figures.push(
      { name: `${name}, one core`, value: middle((one) => reboots / one.wallS), unit: "reboots/s" },
      {
        name: `${name}, two cores`,
        value: middle((_, two) => reboots / two.wallS),
        unit: "reboots/s",
      },
      {
        name: `${name}, two cores against one`,
        value: middle((one, two) => one.wallS / two.wallS),
        unit: "times",
        // At fewer reboots the start weighs more.
        ...(reboots === WHOLE_RUNS.at(-1) ? { goal } : {}),
      },
      {
        name: `${name}, two programs at once against one`,
        value: middle((one, _, both) => (2 * one.wallS) / both.wallS),
        unit: "times",
      },
      {
        name: `${name}, processor time of two workers against one`,
        value: middle((one, two) => two.cpuS / one.cpuS),
        unit: "times",
      },
    );
  }
  return figures.map((figure) => ({ ...figure, exact: false }));
}

/** @typedef {{ wallS: number, cpuS: number }} Run */

/** @param {readonly Run[]} runs @returns {Run} */
function longest(runs) {
  return runs.reduce((longer, run) => (run.wallS > longer.wallS ? run : longer), NO_RUN);
}

/** @param {number} reboots @param {readonly string[]} prefix @param {number} workers @returns {Promise<Run>} */
async function wholeRun(reboots, prefix, workers) {
  const start = performance.now();
  const words = ["simulate", "--reboots", String(reboots), "--seed", "1"];
  const command = new URL("../dist/cli/main.js", import.meta.url).pathname;
  // The child tells its own processor time when it ends, on a stream that it does not use otherwise.
  const tell = `process.on("exit",()=>{const{user,system}=process.cpuUsage();writeSync(3,String(user+system))})`;
  const script = encodeURIComponent(
    `import{writeSync}from"node:fs";import{isMainThread}from"node:worker_threads";if(isMainThread)${tell}`,
  );
  const hook = `--import=data:text/javascript,${script}`;
  const [program = "", ...rest] = [...prefix, process.execPath, hook, command, ...words];
  const child = spawn(program, [...rest, "--workers", String(workers)], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const said = ["", ""];
  for (const [i, stream] of [child.stderr, child.stdio[3]].entries()) {
    stream?.on("data", (bytes) => {
      said[i] += String(bytes);
    });
  }
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`isnkit simulate: exit ${status}\n${said[0]}`);
  return { wallS: (performance.now() - start) / 1000, cpuS: Number(said[1]) / 1e6 };
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

/** @param {Uint8Array} wasm @param {number} count @param {number} seed */
async function rate(wasm, count, seed) {
  const start = performance.now();
  const span = { from: 0, to: count };
  const { totals } = await runCases(campaign(wasm, seed), { span, workers: 1 });
  return totals.counts.reboots / ((performance.now() - start) / 1000);
}

/**
 * A connection by the number of entries that the module's table holds in TIME_WAIT.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {Uint8Array} wasm
 */
function timeWait(setting, wasm) {
  return [0, TABLE / 2, TABLE].map((entries) => {
    setting.progress(`${entries} entries in TIME_WAIT`);
    const { time, board, powerOn } = rewound(wasm, 2048);
    const first = powerOn();
    first.boot();
    provision(first);
    const value = speed(setting, BOOTS, () => {
      for (let boot = 0; boot < BOOTS / 40; boot++) {
        time.advance(OFF_US);
        board.powerOn(0);
        const module = powerOn();
        module.boot();
        for (let i = 0; i < entries; i++) connect(module);
        for (let i = 0; i < 40; i++) module.isn4(LOCAL, 5000, REMOTE, 80);
      }
    });
    return {
      name: `ISN with ${entries} entries in TIME_WAIT, ${40} a boot`,
      value,
      unit: "ISNs/s",
      exact: false,
    };
  });
}

/**
 * Power-on to ready, by the length of the journal that recovery has to read.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {Uint8Array} wasm
 */
function journal(setting, wasm) {
  return [256, 2048, 16_384].map((sectorBytes) => {
    setting.progress(`sectors of ${sectorBytes} bytes`);
    const { time, board, powerOn } = rewound(wasm, sectorBytes);
    const first = powerOn();
    first.boot();
    provision(first);
    const value = speed(setting, BOOTS, () => {
      for (let boot = 0; boot < BOOTS; boot++) {
        time.advance(OFF_US);
        board.powerOn(0);
        powerOn().boot();
      }
    });
    return {
      name: `boots, 4 sectors of ${sectorBytes} bytes`,
      value,
      unit: "boots/s",
      exact: false,
    };
  });
}

/**
 * Heap after many cases against the heap after few: what is kept must not grow with the run.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {Uint8Array} wasm
 */
async function memory({ progress }, wasm) {
  progress("memory");
  const collect = () => globalThis.gc?.();
  const heapAfter = async (/** @type {number} */ count) => {
    await runCases(campaign(wasm, 1), { span: { from: 0, to: count }, workers: 1 });
    collect();
    return process.memoryUsage().rss / 2 ** 20;
  };
  await heapAfter(100);
  const before = await heapAfter(100);
  const after = await heapAfter(2_000);
  return [
    {
      name: "resident memory after 200,000 reboots, less after 10,000",
      value: after - before,
      unit: "MiB",
      exact: false,
    },
  ];
}

/** @param {Uint8Array} wasm @param {number} sectorBytes */
function rewound(wasm, sectorBytes) {
  const geometry = /** @type {import("./bench-board.mjs").NvmGeometry} */ ({
    kind: "nor",
    sectorBytes,
    sectors: 4,
    granule: 8,
    enduranceCycles: 1e9,
  });
  const { time, board } = benchBoard(geometry);
  const instantiate = IsnModule.rewinding(new WebAssembly.Module(makeRewindable(wasm)));
  const powerOn = () => {
    const module = instantiate(board);
    module.configureStorage(STORAGE.nor, sectorBytes, 4, 8);
    module.configureClock(1_000_000);
    return module;
  };
  return { time, board, powerOn };
}

/** @param {IsnModule} module */
function connect(module) {
  const port = module.port4(LOCAL, REMOTE, 80);
  const next = module.isn4(LOCAL, port, REMOTE, 80) + 2;
  module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 0 });
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
