import { describe, expect, it } from "vitest";
import { BUILDS } from "../../support/builds.ts";
import { LIVES } from "../../support/lives/index.ts";

describe.each(BUILDS)("numbers and ports of the $name build stay good when", ({ wasm }) => {
  it.each(Object.entries(LIVES))("%s", (_name, life) => {
    expect(() => life(wasm)).not.toThrow();
  });
});
