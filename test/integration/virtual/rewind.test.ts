import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Board } from "../../../host/module/board.ts";
import { IsnModule } from "../../../host/module/isn-module.ts";
import { GLOBAL_EXPORT, makeRewindable, REWIND_EXPORT } from "../../../host/module/rewindable.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { DEFAULT_SETTINGS } from "../../../host/simulate/settings.ts";
import { virtualBoardSamples } from "../../../host/virtual/campaign.ts";
import { drawLife } from "../../../host/virtual/draw-life.ts";
import { isnkitDevice, rewoundIsnkitDevice } from "../../../host/virtual/isnkit-device.ts";
import { RELEASE, RELEASE_BYTES } from "../../support/builds.ts";

const DEBUG_BYTES = Uint8Array.from(
  readFileSync(new URL("../../../build/isnkit.debug.wasm", import.meta.url)),
);

interface Inside {
  readonly memory: WebAssembly.Memory;
  readonly [REWIND_EXPORT]: () => void;
}

/** An instance of the rewindable module on a board that answers at random. */
function instance(random: () => number): { exports: Inside & Record<string, unknown> } {
  const wasm = new WebAssembly.Module(makeRewindable(RELEASE_BYTES));
  const inside = new WebAssembly.Instance(wasm, {
    board: {
      read: () => random() & 1,
      program: () => random() & 1,
      erase: () => random() & 1,
      entropy: (_to: number, bytes: number) => bytes,
      ticks: () => random(),
    },
  });
  return { exports: inside.exports as unknown as Inside & Record<string, unknown> };
}

function stateOf(exports: Inside & Record<string, unknown>): string {
  const globals = Object.entries(exports)
    .filter(([name]) => name.startsWith(GLOBAL_EXPORT))
    .map(([name, global]) => `${name}=${(global as WebAssembly.Global).value}`);
  return `${globals.join(" ")} ${Buffer.from(exports.memory.buffer).toString("base64")}`;
}

describe("an instance that is rewound", () => {
  it.each([
    ["release", RELEASE_BYTES],
    ["debug", DEBUG_BYTES],
  ])("keeps the code of the %s module, and gains one function", (_name, bytes) => {
    const before = WebAssembly.Module.exports(new WebAssembly.Module(bytes));
    const grown = makeRewindable(bytes);
    const after = WebAssembly.Module.exports(new WebAssembly.Module(grown));
    const added = after.slice(before.length);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(added.filter(({ kind }) => kind === "function").map(({ name }) => name)).toEqual([
      REWIND_EXPORT,
    ]);
    expect(added.filter(({ kind }) => kind === "global").length).toBeGreaterThan(20);
  });

  it("has every global and every byte of memory as a fresh instance, whatever was called", () => {
    const fresh = stateOf(instance(() => 0).exports);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(40), fc.array(fc.integer(), { maxLength: 8 })), { maxLength: 60 }),
        fc.infiniteStream(fc.integer()),
        (calls, noise) => {
          const { exports } = instance(() => noise.next().value ?? 0);
          const functions = Object.entries(exports).filter(
            ([name, one]) => typeof one === "function" && name !== REWIND_EXPORT,
          );
          const initial = Buffer.from(exports.memory.buffer.slice(0));
          // Something that certainly leaves traces, then anything.
          (exports as unknown as { configureClock(hz: number): number }).configureClock(12_345);
          for (const [which, words] of calls) {
            const call = functions[which % functions.length]?.[1] as (...w: number[]) => number;
            try {
              call(...words);
            } catch (error) {
              // A trap, as a power cut does, leaves the state as it stands.
              expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
            }
          }
          expect(stateOf(exports)).not.toBe(fresh);
          new Uint8Array(exports.memory.buffer).set(initial);
          exports[REWIND_EXPORT]();
          expect(stateOf(exports)).toBe(fresh);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lives as one fresh instance a power cycle does, over campaigns and cases", () => {
    const fresh = isnkitDevice(RELEASE);
    const rewound = rewoundIsnkitDevice(RELEASE_BYTES);
    for (const seed of [1, 2]) {
      const options = { generator: "isnkit", seed, reboots: 400 };
      const samples = [...virtualBoardSamples({ ...options, honest: rewound })];
      expect(samples).toEqual([...virtualBoardSamples({ ...options, honest: fresh })]);
    }
    for (let index = 0; index < 12; index++) {
      const script = drawLife(DEFAULT_SETTINGS, 9, index);
      const seen = [rewound, fresh].map((factory) => {
        const samples: unknown[] = [];
        judgeLife(script, factory, { rules: [], watch: (sample) => samples.push(sample) });
        return samples;
      });
      expect(seen[0]?.length).toBeGreaterThan(100);
      expect(seen[0]).toEqual(seen[1]);
    }
  });

  it("refuses a module whose state it could not put back", () => {
    const start = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 4, 1, 2, 0, 0x0b],
    ]);
    expect(WebAssembly.validate(start)).toBe(true);
    expect(() => makeRewindable(start)).toThrow(/start function/);
    expect(() => makeRewindable(RELEASE_BYTES.subarray(0, 100))).toThrow(/cut short/);
  });

  it("gives each power cycle a board of its own", () => {
    const powerOn = IsnModule.rewinding(new WebAssembly.Module(makeRewindable(RELEASE_BYTES)));
    const asked: string[] = [];
    const board = (name: string): Board => ({
      read: () => 1,
      program: () => 0,
      erase: () => 0,
      entropy: () => 0,
      ticks: () => asked.push(name),
    });
    for (const name of ["first", "second"]) {
      const module = powerOn(board(name));
      module.configureStorage(2, 0, 2, 1);
      module.configureClock(1_000_000);
      module.boot();
    }
    expect(new Set(asked)).toEqual(new Set(["first", "second"]));
  });
});
