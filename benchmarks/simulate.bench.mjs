// What a simulated reboot costs: with all rules, on one core and on two, by the number of
// TIME_WAIT entries and by the length of the journal.
import { STORAGE } from "../dist/module/abi.js";
import { IsnModule } from "../dist/module/isn-module.js";
import { readIsnModule } from "../dist/module/load.js";
import { makeRewindable } from "../dist/module/rewindable.js";
import { runCases } from "../dist/simulate/run-cases.js";
import { DEFAULT_SETTINGS } from "../dist/virtual/settings.js";
import { benchBoard, LOCAL, provision, REMOTE } from "./bench-board.mjs";
import { median, speed } from "./measure.mjs";
import { wholeRuns } from "./whole-runs.mjs";

const REBOOTS_GOAL = 15_000;
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
