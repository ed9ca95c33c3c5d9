import { describe, expect, it } from "vitest";
import { BUILDS } from "../../support/builds.ts";
import { LAWS, PROMISES } from "../../support/laws.ts";
import { compileMutant, MUTANTS } from "../../support/mutants.ts";
import { Breach } from "../../support/oracle.ts";

describe.each(BUILDS)("the $name build", ({ wasm }) => {
  it.each(Object.entries(LAWS))("keeps its promise where %s", (_name, law) => {
    expect(() => law(wasm)).not.toThrow();
  });
});

describe("a module that was broken on purpose", () => {
  it("is no different when nothing is broken", async () => {
    const wasm = await compileMutant();
    for (const law of Object.values(PROMISES)) expect(() => law(wasm)).not.toThrow();
  });

  it.each(MUTANTS)("is caught when it $name", async (mutant) => {
    const wasm = await compileMutant(mutant);
    expect(() => PROMISES[mutant.law](wasm)).toThrow(Breach);
  });
});
