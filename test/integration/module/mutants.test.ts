import { describe, expect, it } from "vitest";
import { BUILDS } from "../../support/builds.ts";
import { LAWS } from "../../support/laws.ts";
import { compileMutant, MUTANTS } from "../../support/mutants.ts";
import { Breach } from "../../support/oracle.ts";

describe.each(BUILDS)("the $name build", ({ wasm }) => {
  it.each(Object.entries(LAWS))("keeps the law: %s", (_name, law) => {
    expect(() => law(wasm)).not.toThrow();
  });
});

describe("a module that was broken on purpose", () => {
  it("is no different when nothing is broken", async () => {
    const wasm = await compileMutant();
    for (const law of Object.values(LAWS)) expect(() => law(wasm)).not.toThrow();
  });

  it.each(MUTANTS)("is caught by the law $law when it $name", async (mutant) => {
    const wasm = await compileMutant(mutant);
    expect(() => LAWS[mutant.law](wasm)).toThrow(Breach);
  });
});
