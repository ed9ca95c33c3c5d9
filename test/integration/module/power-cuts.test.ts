import { describe, expect, it } from "vitest";
import { BUILDS, RELEASE } from "../../support/builds.ts";
import { GEOMETRIES } from "../../support/geometries.ts";
import { FIRST_KEY, NEW_KEY, STEADY, sweep } from "../../support/power-cuts.ts";

const SCENARIOS = [STEADY, FIRST_KEY, NEW_KEY];

describe.each(GEOMETRIES)(
  "power cuts on $kind, $sectors sectors of $sectorBytes bytes in granules of $granule",
  (geometry) => {
    it.each(SCENARIOS)("two deep, at every operation: $name", (scenario) => {
      const { operations, cases } = sweep({ wasm: RELEASE, geometry, scenario, depth: 2 });
      expect(operations).toBeGreaterThan(1);
      expect(cases).toBeGreaterThan(8 * operations);
    });
  },
);

describe.each(BUILDS)("power cuts in the $name build", ({ wasm }) => {
  it.each(SCENARIOS)("one deep, at every operation: $name", (scenario) => {
    for (const geometry of GEOMETRIES.filter(({ granule }) => granule >= 8)) {
      expect(sweep({ wasm, geometry, scenario, depth: 1 }).cases).toBeGreaterThan(10);
    }
  });
});
