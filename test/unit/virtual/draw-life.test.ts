import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../../host/simulate/settings.ts";
import { drawLife } from "../../../host/virtual/draw-life.ts";

const S = 1_000_000;

describe("a life that is drawn", () => {
  test.each([1, 40, 7_200])("has its connections inside boots of %i seconds", (seconds) => {
    const uptimeUs = { min: seconds * S, max: seconds * S };
    const settings = { ...DEFAULT_SETTINGS, uptimeUs, connectionsPerBoot: { min: 2, max: 2 } };
    const { boots } = drawLife(settings, 1, 0);
    const used = boots.filter(({ liveness }) => !liveness);
    for (const { connections } of used) {
      expect(connections.length).toBeGreaterThan(0);
      for (const { atUs } of connections) expect(atUs).toBeLessThan(seconds * S);
    }
    expect(used.some(({ connections }) => connections.length === 2)).toBe(true);
  });

  test("is the same whenever it is drawn", () => {
    expect(drawLife(DEFAULT_SETTINGS, 7, 3)).toEqual(drawLife(DEFAULT_SETTINGS, 7, 3));
    expect(drawLife(DEFAULT_SETTINGS, 7, 3)).not.toEqual(drawLife(DEFAULT_SETTINGS, 7, 4));
  });
});
