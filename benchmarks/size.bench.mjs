// Size of the compiled module and of the memory that it uses.
import { readFile } from "node:fs/promises";
import { compileIsnModule } from "../dist/module/load.js";
import { benchBoard, LOCAL, powerOn, provision, REMOTE } from "./bench-board.mjs";

const WASM_BYTES_MAX = 8960;
const MEMORY_BYTES_MAX = 2048;
/** Neither zero nor erased flash. */
const PATTERN = 0xa5;

/** @param {import("./measure.mjs").Setting} setting */
export async function run({ progress }) {
  progress("static memory");
  const wasm = await compileIsnModule();
  const file = await readFile(new URL("../dist/isnkit.wasm", import.meta.url));
  // First see what changes in a memory of zeros; then fill all that lies above with a pattern, so
  // that a zero written there shows as well.
  const seen = highestUse(wasm, MEMORY_BYTES_MAX * 16);
  const used = Math.max(seen, highestUse(wasm, seen));
  return [
    {
      name: "module",
      value: file.length,
      unit: "bytes",
      exact: true,
      goal: { bound: WASM_BYTES_MAX, sense: "at most" },
    },
    {
      name: "static memory",
      value: used,
      unit: "bytes",
      exact: true,
      goal: { bound: MEMORY_BYTES_MAX, sense: "at most" },
      note: "one past the highest byte that a life with every call and a full table changes",
    },
  ];
}

/**
 * One past the highest byte that is set at the start or changes in a life of the module, when
 * everything from `from` up is filled with a pattern first.
 *
 * @param {WebAssembly.Module} wasm
 * @param {number} from
 */
function highestUse(wasm, from) {
  let used = 0;
  for (const kind of /** @type {const} */ (["nor", "eeprom", "keyValue"])) {
    for (const granule of [8, 256]) {
      const part = { kind, sectorBytes: 4096, sectors: 2, granule, enduranceCycles: 1e9 };
      const { time, board } = benchBoard(part);
      const module = powerOn(wasm, board);
      const bytes = new Uint8Array(module.memory.buffer);
      for (let i = 0; i < from; i++) if (bytes[i] !== 0) used = Math.max(used, i + 1);
      bytes.fill(PATTERN, from);
      const before = bytes.slice();
      module.configurePorts(1024, 65535);
      for (let i = 0; i < 8; i++) module.reservePorts(2000 + 10 * i, 2001 + 10 * i);
      module.boot();
      provision(module);
      live(module, time);
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i] !== before[i]) used = Math.max(used, i + 1);
      }
    }
  }
  return used;
}

/**
 * Every call, a table full of TIME_WAIT, evictions, renewals, rotations and new keys.
 *
 * @param {import("../dist/module/isn-module.js").IsnModule} module
 * @param {import("../dist/virtual/time.js").SimulatedTime} time
 */
function live(module, time) {
  const local = new Uint8Array(16).fill(0xfd);
  const remote = new Uint8Array(16).fill(0xfc);
  for (let i = 0; i < 400; i++) {
    time.advance(7_000_000);
    module.poll();
    const port = module.port4(LOCAL, REMOTE, 80);
    const next = module.isn4(LOCAL, port, REMOTE, 80) + 5_000_000;
    module.timestamp4(LOCAL, port, REMOTE, 80);
    module.advance4(LOCAL, port, REMOTE, 80, next);
    module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 7, peerTsval: 9 });
    module.syn4(LOCAL, port, REMOTE, 80, 5, 5, 1);
    const port6 = module.port6(local, remote, 443);
    const next6 = module.isn6(local, port6, remote, 443) + 2;
    module.timestamp6(local, port6, remote, 443);
    module.advance6(local, port6, remote, 443, next6);
    module.close6(local, port6, remote, 443, { next: next6, peerNext: 7 });
    module.syn6(local, port6, remote, 443, 5, 0, 2);
    if (i % 100 === 99) module.provisionFromEntropy(1);
  }
  for (let i = 0; i < 300; i++) {
    time.advance(1_000_000);
    module.poll();
  }
  for (let i = 0; i < 40; i++) module.port4(LOCAL, REMOTE, 80);
  module.fingerprint();
}
