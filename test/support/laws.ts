/**
 * Laws as functions over a build of the module: each throws when the build breaks it. The tests run
 * them over the real module, which must pass, and over mutants, which must not.
 */
import { serialAdd, serialAfter, serialDistance } from "../../host/core/serial.ts";
import { COUNTER, STATE } from "../../host/module/abi.ts";
import type { PowerCutPlan } from "../../host/virtual/nvm.ts";
import { GEOMETRIES } from "./geometries.ts";
import { Lab, LOCAL, NOR, REMOTE } from "./lab.ts";
import { Breach } from "./oracle.ts";
import { NEW_KEY, STEADY, sweep } from "./power-cuts.ts";

function demand(holds: boolean, law: string): void {
  if (!holds) throw new Breach(law);
}

function isn(lab: Lab, port = 5000): number {
  return lab.module.isn4(LOCAL, port, REMOTE, 80);
}

/** Power cuts one deep in normal use, and two deep where granules are few. */
export function powerCuts(wasm: WebAssembly.Module): void {
  for (const geometry of GEOMETRIES.filter(({ granule }) => granule === 8 || granule === 32)) {
    sweep({ wasm, geometry, scenario: STEADY, depth: 1 });
    sweep({ wasm, geometry, scenario: NEW_KEY, depth: 1 });
  }
  for (const geometry of GEOMETRIES.filter(
    ({ kind, granule }) => kind === "keyValue" || granule >= 16,
  )) {
    sweep({ wasm, geometry, scenario: STEADY, depth: 2 });
    sweep({ wasm, geometry, scenario: NEW_KEY, depth: 2 });
  }
}

/**
 * A record torn in its last byte may read as good today and as nothing tomorrow. On the smallest
 * sectors, where nearly every record moves to the other sector, that must not cost the old one.
 */
export function flickeringRecord(wasm: WebAssembly.Module): void {
  const geometry = { ...NOR, sectorBytes: 256, granule: 1 };
  const torn = (after: number): PowerCutPlan => ({
    after,
    phase: "torn",
    wholeGranules: 31,
    mask: 1,
  });
  for (let seed = 1; seed <= 6; seed++) {
    sweep({ wasm, geometry, scenario: STEADY, depth: 2, seed, cuts: (at) => [torn(at)] });
  }
}

/** An entry that makes room raises the clock: nothing is forgotten. */
export function eviction(wasm: WebAssembly.Module): void {
  const lab = new Lab({ wasm });
  const module = lab.commission();
  const next = serialAdd(isn(lab), 40_000_000);
  module.close4(LOCAL, 5000, REMOTE, 80, { next, peerNext: 1 });
  for (let port = 6000; port < 6033; port++) {
    lab.wait(10);
    const end = { next: serialAdd(isn(lab, port), 2), peerNext: 1 };
    module.close4(LOCAL, port, REMOTE, 80, end);
  }
  demand(module.counter(COUNTER.evictions) > 0, "the table did not fill up");
  demand(serialAfter(isn(lab), next), "eviction: numbers of an evicted entry came again");
}

/** Acknowledged records that rotted cost quiet time, never a number. */
export function lostRecords(wasm: WebAssembly.Module): void {
  const geometry = { ...NOR, sectorBytes: 512 };
  for (let boots = 0; boots < 12; boots++) {
    for (const wholeSector of [false, true]) {
      const lab = new Lab({ wasm, geometry });
      lab.commission();
      for (let boot = 0; boot < boots; boot++) lab.powerOn();
      const before = lab.nvm.snapshot();
      lab.powerOn();
      const used = isn(lab);
      spoilNewest(lab, before, wholeSector);
      const module = lab.powerOn();
      const next = isn(lab);
      demand(next === 0 || serialDistance(used, next) > 0, "lost: a used number came again");
      demand(next !== 0 || module.state() !== STATE.ready, "lost: refused without a reason");
    }
  }
}

/** Spoils what the last boot wrote, both copies; or the whole sector that it wrote to. */
function spoilNewest(lab: Lab, before: unknown, wholeSector: boolean): void {
  const old = (before as { cells: Uint8Array }).cells;
  const cells = (lab.nvm as unknown as { cells: Uint8Array }).cells;
  const { sectorBytes } = lab.nvm.geometry;
  const changed = [...cells.keys()].filter((at) => cells[at] !== old[at] && cells[at] !== 0xff);
  const newest = Math.max(...changed.map((at) => at % sectorBytes));
  const at = changed.find((each) => each % sectorBytes === newest) ?? 0;
  const from = wholeSector ? at - (at % sectorBytes) : at - (at % 64);
  const to = wholeSector ? from + sectorBytes : from + 64;
  for (let i = from; i < to; i++) {
    // Erased bytes stay: rot does not write.
    if (cells[i] !== 0xff) cells[i] = (cells[i] ?? 0) ^ 0x5a;
  }
}

/** Quiet time is over only when a record says so. */
export function quietTime(wasm: WebAssembly.Module): void {
  const lab = new Lab({ wasm });
  lab.powerOn().provision(new Uint8Array(16).fill(5), 0);
  demand(isn(lab) === 0, "quiet: a number right after provisioning");
  for (let boot = 0; boot < 3; boot++) {
    lab.powerOn();
    lab.wait(239_000);
    demand(isn(lab) === 0, "quiet: a number before its end");
  }
  lab.wait(1_000);
  demand(isn(lab) !== 0, "quiet: it never ends");
  demand(lab.powerOn().state() === STATE.ready, "quiet: it comes back");
}

/** An open connection that asks for nothing more keeps the lease ahead of the clock. */
export function openConnection(wasm: WebAssembly.Module): void {
  for (let opened = 0; opened < 5_000; opened += 100) {
    for (const polled of [0, 20_000]) {
      const lab = new Lab({ wasm });
      lab.commission();
      lab.wait(opened);
      const first = isn(lab);
      lab.wait(polled);
      // The cut comes just before the next poll, a second after the last.
      lab.time.advance(1_000_000);
      const next = (first + (polled + 1_000) * 250 + 2 ** 18 - 1) >>> 0;
      lab.powerOn();
      demand(serialDistance(next, isn(lab)) > 0, "open: numbers of an open connection came again");
    }
  }
}

/** What a connection reported before a power cut is never given out again. */
export function reported(wasm: WebAssembly.Module): void {
  const lab = new Lab({ wasm });
  lab.commission();
  const next = serialAdd(isn(lab), 30_000_000);
  lab.module.advance4(LOCAL, 5000, REMOTE, 80, next);
  lab.powerOn();
  demand(serialAfter(isn(lab), next), "reported: numbers ahead of the clock came again");
}

/** A connection that begins where one far ahead of the clock ended runs on at the clock's rate. */
export function comeback(wasm: WebAssembly.Module): void {
  for (let ms = 0; ms < 12_000; ms += 500) {
    const lab = new Lab({ wasm });
    lab.commission();
    const next = serialAdd(isn(lab), 30_000_000);
    lab.module.close4(LOCAL, 5000, REMOTE, 80, { next, peerNext: 1 });
    const again = isn(lab);
    demand(serialAfter(again, next), "comeback: numbers ahead of the clock came again");
    lab.wait(ms);
    const used = serialAdd(again, ms * 250 + 2 ** 18 - 1);
    lab.powerOn();
    demand(serialAfter(isn(lab), used), "comeback: numbers of the second connection came again");
  }
}

export const LAWS = {
  powerCuts,
  flickeringRecord,
  eviction,
  lostRecords,
  quietTime,
  openConnection,
  reported,
  comeback,
};
export type LawName = keyof typeof LAWS;
