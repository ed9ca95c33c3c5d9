// Fresh boots of the virtual board and whole campaign reboots a second.
import { Check } from "../dist/check/engine.js";
import { RULES } from "../dist/check/rules/index.js";
import { compileIsnModule } from "../dist/module/load.js";
import { DEFAULT_BOARD } from "../dist/virtual/board.js";
import { virtualBoardSamples } from "../dist/virtual/campaign.js";
import {
  benchBoard,
  LOCAL,
  powerOn,
  provision,
  REMOTE,
  refusal,
  USUAL_PART,
} from "./bench-board.mjs";
import { speed } from "./measure.mjs";

const BOOTS = 10_000;
const BOOTS_GOAL = 10_000;
const REBOOTS = 1_000;
const OFF_US = 200_000;
const UP_US = 50_000;

/** @param {import("./measure.mjs").Setting} setting */
export async function run(setting) {
  const wasm = await compileIsnModule();
  return [freshBoots(setting, wasm), campaign(setting, wasm)];
}

/**
 * Each boot is a fresh instance that recovers the journal left by all boots before it, writes its
 * boot record, and opens one connection. The warm-up round leaves 10,000 boots of history.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {WebAssembly.Module} wasm
 */
function freshBoots(setting, wasm) {
  setting.progress("fresh boots");
  const { time, board } = benchBoard(USUAL_PART);
  const first = powerOn(wasm, board);
  first.boot();
  provision(first);
  const value = speed(setting, BOOTS, () => {
    for (let i = 0; i < BOOTS; i++) {
      time.advance(OFF_US);
      const module = powerOn(wasm, board);
      module.boot();
      time.advance(UP_US);
      const port = module.port4(LOCAL, REMOTE, 80);
      if (port === 0 || module.isn4(LOCAL, port, REMOTE, 80) === 0) throw refusal(module, "boot");
    }
  });
  return {
    name: "fresh boots",
    value,
    unit: "boots/s",
    exact: false,
    goal: { bound: BOOTS_GOAL, sense: "at least" },
    note: "a new instance, recovery of a journal with history, boot record, one port, one ISN",
  };
}

/**
 * `isnkit check --board sim` without the command line: reboots, power cuts, client, and all rules.
 *
 * @param {import("./measure.mjs").Setting} setting
 * @param {WebAssembly.Module} wasm
 */
function campaign(setting, wasm) {
  setting.progress("campaign");
  const context = {
    twoMslUs: 2 * DEFAULT_BOARD.mslMs * 1000,
    source: /** @type {const} */ ("board"),
    ports: DEFAULT_BOARD.ports,
  };
  const value = speed(setting, REBOOTS, (round) => {
    const check = new Check({ rules: RULES, context });
    const seed = 1 + round;
    for (const sample of virtualBoardSamples({
      generator: "isnkit",
      seed,
      reboots: REBOOTS,
      wasm,
    })) {
      check.observe(sample);
    }
    const { verdict } = check.finish();
    if (verdict !== "pass") throw new Error(`the campaign with seed ${seed} ends with ${verdict}`);
  });
  return { name: "campaign, all rules", value, unit: "reboots/s", exact: false };
}
