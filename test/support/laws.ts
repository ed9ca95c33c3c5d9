/**
 * Laws as functions over a build of the module: each throws when the build breaks it. The tests run
 * them over the real module, which must pass, and over mutants, which must not.
 */
import { serialAdd, serialAfter, serialDistance } from "../../host/core/serial.ts";
import { COUNTER, STATE } from "../../host/module/abi.ts";
import type { PowerCutPlan } from "../../host/virtual/nvm.ts";
import { GEOMETRIES } from "./geometries.ts";
import { Lab, LOCAL, NOR, REMOTE } from "./lab.ts";
import { LIVES } from "./lives/index.ts";
import { Breach } from "./oracle.ts";
import { NEW_KEY, STEADY, sweep } from "./power-cuts.ts";

function demand(holds: boolean, law: string): void {
  if (!holds) throw new Breach(law);
}

function isn(lab: Lab, port = 5000): number {
  return lab.module.isn4(LOCAL, port, REMOTE, 80);
}

/** Power cuts one deep in normal use, and two deep where granules are few. */
function powerCuts(wasm: WebAssembly.Module): void {
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
 * sectors, where every few records open a fresh pair, that must not cost the old one.
 */
function flickeringRecord(wasm: WebAssembly.Module): void {
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
function eviction(wasm: WebAssembly.Module): void {
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

/** Quiet time is over only when a record says so. */
function quietTime(wasm: WebAssembly.Module): void {
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
function openConnection(wasm: WebAssembly.Module): void {
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
function reported(wasm: WebAssembly.Module): void {
  const lab = new Lab({ wasm });
  lab.commission();
  const next = serialAdd(isn(lab), 30_000_000);
  lab.module.advance4(LOCAL, 5000, REMOTE, 80, next);
  lab.powerOn();
  demand(serialAfter(isn(lab), next), "reported: numbers ahead of the clock came again");
}

/** A connection that begins where one far ahead of the clock ended runs on at the clock's rate. */
function comeback(wasm: WebAssembly.Module): void {
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

/** By what happens in them. */
export const LAWS = {
  "power is cut at every operation": powerCuts,
  "a record torn in its last byte reads as good or as nothing": flickeringRecord,
  "an entry makes room": eviction,
  "quiet time is owed over reboots": quietTime,
  "an open connection asks for nothing more": openConnection,
  "power is cut after a report": reported,
  "a tuple comes back whose numbers are ahead of the clock": comeback,
} as const;

/** What mutants are tried on. */
export const PROMISES = { ...LAWS, ...LIVES };
export type PromiseName = keyof typeof PROMISES;
