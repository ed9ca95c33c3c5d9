/** Prints are found by the time of their recording, before and after they are put in the table. */
import { describe, expect, it } from "vitest";
import { TimedPrints } from "../../../host/tracking/timed-prints.ts";

const FULL = 2 ** 17;

describe("prints of packets by time", () => {
  it("are found with their own time alone, also when the row was full in between", () => {
    const prints = new TimedPrints();
    prints.add(1_700_000_000_000_000.5, 77);
    expect(prints.has(1_700_000_000_000_000.5, 77)).toBe(true);
    expect(prints.has(1_700_000_000_000_001, 77)).toBe(false);
    expect(prints.has(1_700_000_000_000_000.5, 78)).toBe(false);
    // All have the same print: their times alone tell them apart.
    for (let i = 0; i <= FULL; i++) prints.add(2_000_000 + i, 5);
    expect(prints.has(2_000_000 + FULL, 5)).toBe(true);
    expect(prints.has(2_000_000 + FULL - 1, 5)).toBe(true);
    expect(prints.has(2_000_000 + FULL + 1, 5)).toBe(false);
  });

  it("of the last packets are kept, those of the first are overwritten", () => {
    const prints = new TimedPrints();
    for (let i = 0; i < 3 * FULL; i++) prints.add(i, 1);
    expect(prints.has(3 * FULL - 1, 1)).toBe(true);
    expect(prints.has(0, 1)).toBe(false);
  });
});
