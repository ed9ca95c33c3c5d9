// Calls a second into the module through its wrapper, journal included: the counter moves by 1 µs a
// call, so leases run out and are renewed on the way.
import { compileIsnModule } from "../dist/module/load.js";
import {
  benchBoard,
  configured,
  LOCAL,
  powerOn,
  provision,
  REMOTE,
  refusal,
  USUAL_PART,
} from "./bench-board.mjs";
import { speed } from "./measure.mjs";

const CALLS = 2_000_000;
/** Fewer connections than the ring has ports: a port must not come back within TIME_WAIT. */
const CONNECTIONS_A_BOOT = 60_000;
const BOOTS = 4;
const ISN_GOAL = 10_000_000;

/** @param {import("./measure.mjs").Setting} setting */
export async function run(setting) {
  const wasm = await compileIsnModule();
  const { board } = benchBoard(USUAL_PART);
  const first = powerOn(wasm, board);
  first.boot();
  provision(first);
  // The bench measures the module, not the model of a counter in simulated time.
  let count = 0;
  const { nvm } = board;
  const fastBoard = {
    /** @type {typeof nvm.read} */
    read: (offset, bytes) => nvm.read(offset, bytes),
    /** @type {typeof nvm.program} */
    program: (offset, bytes) => nvm.program(offset, bytes),
    /** @type {typeof nvm.erase} */
    erase: (sector) => nvm.erase(sector),
    entropy: () => 0,
    ticks: () => count++,
  };
  let module = configured(wasm, fastBoard, USUAL_PART);
  module.boot();
  const local = Uint8Array.from({ length: 16 }, (_, i) => 0x20 + i);
  const remote = Uint8Array.from({ length: 16 }, (_, i) => 0x40 + i);

  /**
   * Calls over 32,768 tuples; a refusal ends the bench.
   *
   * @param {string} name
   * @param {(port: number) => number} call
   */
  const calls = (name, call) => {
    setting.progress(name);
    return speed(setting, CALLS, () => {
      for (let i = 0; i < CALLS; i++) {
        if (call(1024 + (i & 0x7fff)) === 0) throw refusal(module, name);
      }
    });
  };

  const isn4 = calls("isn4", (port) => module.isn4(LOCAL, port, REMOTE, 80));
  const timestamp4 = calls("timestamp4", (port) => module.timestamp4(LOCAL, port, REMOTE, 80));
  const isn6 = calls("isn6", (port) => module.isn6(local, port, remote, 80));
  setting.progress("port4, isn4, close4");
  const ports = speed(setting, BOOTS * CONNECTIONS_A_BOOT, () => {
    for (let boot = 0; boot < BOOTS; boot++) {
      module = configured(wasm, fastBoard, USUAL_PART);
      module.boot();
      for (let i = 0; i < CONNECTIONS_A_BOOT; i++) connect(module);
    }
  });
  const unit = "calls/s";
  return [
    { name: "isn4", value: isn4, unit, exact: false, goal: { bound: ISN_GOAL, sense: "at least" } },
    { name: "timestamp4", value: timestamp4, unit, exact: false },
    { name: "isn6", value: isn6, unit, exact: false },
    {
      name: "port4 + isn4 + close4",
      value: ports,
      unit: "connections/s",
      exact: false,
      note: "the table of 32 connections is full of TIME_WAIT all the time",
    },
  ];
}

/** @param {import("../dist/module/isn-module.js").IsnModule} module */
function connect(module) {
  const port = module.port4(LOCAL, REMOTE, 80);
  if (port === 0) throw refusal(module, "port4");
  const next = module.isn4(LOCAL, port, REMOTE, 80) + 2;
  if (!module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 0 })) {
    throw refusal(module, "close4");
  }
}
