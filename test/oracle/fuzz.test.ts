/** The compiled module keeps its promise in lives drawn from fixed seeds; `npm run fuzz:module` draws more of them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Fuzzer, describe as tell } from "./fuzz.ts";
import { Binary } from "./machine.ts";

const OPERATIONS = 2_000_000;

const BINARY = new Binary(readFileSync(new URL("../../build/isnkit.wasm", import.meta.url)));

describe(`the module, in ${OPERATIONS.toLocaleString("en")} calls`, () => {
  it.each(["nor", "eeprom", "kv"] as const)(
    "keeps its promise on %s",
    { timeout: 300_000 },
    (mode) => {
      const fuzzer = new Fuzzer(BINARY);
      for (let seed = 1; fuzzer.totals.operations < OPERATIONS; seed++) {
        const found = fuzzer.tryLife(seed, mode);
        if (found !== undefined) expect.fail(tell(fuzzer.shrink(found)));
      }
      expect(fuzzer.leaksAboveLimit()).toBe(false);
      // What did not strike was not tried.
      const { lives, refusedSettings, struck } = fuzzer.totals;
      expect(refusedSettings).toBeLessThan(lives / 4);
      for (const clause of CLAUSES[mode])
        expect(struck.get(clause) ?? 0, clause).toBeGreaterThan(50);
    },
  );
});

const PROGRAMS = [
  "FM-C program nothing",
  "FM-C program something",
  "FM-C program everything",
  "FM-E program nothing",
  "FM-E program something",
  "FM-E program everything",
  "FM-E3 program",
  "FM-D program",
  "FM-D3",
  "FM-R3",
];

const CLAUSES = {
  nor: [
    ...PROGRAMS,
    "FM-C erase nothing",
    "FM-C erase something",
    "FM-C erase everything",
    "FM-E erase something",
    "FM-D erase",
    "FM-F",
  ],
  eeprom: [...PROGRAMS, "FM-F"],
  kv: [...PROGRAMS.filter((clause) => !clause.startsWith("FM-D")), "FM-K2"],
};
