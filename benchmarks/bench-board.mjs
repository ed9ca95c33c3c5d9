// The board under the benches: simulated memory and entropy, and a 1 MHz counter in simulated time.

import { Random } from "../dist/core/random.js";
import { STORAGE } from "../dist/module/abi.js";
import { IsnModule } from "../dist/module/isn-module.js";
import { VirtualBoard } from "../dist/virtual/board.js";
import { goodEntropy } from "../dist/virtual/entropy.js";
import { createNvm } from "../dist/virtual/nvm.js";
import { SimulatedTime } from "../dist/virtual/time.js";

export const LOCAL = 0x0a4d_0002;
export const REMOTE = 0x0a4d_0001;
const COUNTER_HZ = 1_000_000;
/** `provision`: the device never spoke TCP, so there is no quiet time. */
const NEW_DEVICE = 2;

/** @typedef {import("../dist/virtual/nvm.js").NvmGeometry} NvmGeometry */

/** 4 pages of 2 KiB in granules of 8 bytes, as many small parts have them. @type {NvmGeometry} */
export const USUAL_PART = {
  kind: "nor",
  sectorBytes: 2048,
  sectors: 4,
  granule: 8,
  enduranceCycles: 1e9,
};

/** @param {NvmGeometry} geometry */
export function benchBoard(geometry) {
  const time = new SimulatedTime();
  const random = new Random(1);
  const nvm = createNvm(geometry, random.split("nvm"));
  const entropy = goodEntropy(random.split("entropy"));
  return { time, nvm, board: new VirtualBoard({ time, nvm, entropy, counterHz: COUNTER_HZ }) };
}

/**
 * Power comes on: a fresh instance, configured, not booted yet.
 *
 * @param {WebAssembly.Module} wasm
 * @param {VirtualBoard} board
 */
export function powerOn(wasm, board) {
  board.powerOn(0);
  return configured(wasm, board, board.nvm.geometry);
}

/**
 * A fresh instance on any board with this memory and a counter of 1 MHz.
 *
 * @param {WebAssembly.Module} wasm
 * @param {import("../dist/module/board.js").Board} board
 * @param {NvmGeometry} geometry
 */
export function configured(wasm, board, { kind, sectorBytes, sectors, granule }) {
  const module = IsnModule.instantiate(wasm, board);
  const accepted =
    module.configureStorage(STORAGE[kind], sectorBytes, sectors, granule) &&
    module.configureClock(COUNTER_HZ);
  if (!accepted) throw new Error(`the module refuses ${sectors} × ${sectorBytes} bytes of ${kind}`);
  return module;
}

/** The production line gives the device its key. @param {IsnModule} module */
export function provision(module) {
  const key = Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i);
  if (module.provision(key, NEW_DEVICE) !== 1) throw refusal(module, "provision");
}

/** @param {IsnModule} module @param {string} call */
export function refusal(module, call) {
  return new Error(`${call} refused, state ${module.state()}, reason ${module.reason()}`);
}
