import { beforeAll, expect, it } from "vitest";
import { benchArm } from "../../host/boards/arm-bench.ts";
import { buildFirmware, describeArm } from "./arm-tools.ts";

/** Instructions an ISN: the goals of the kit. */
const ISN_BUDGET = { wasm2c: 450, wasm3: 6_000 } as const;
/** Instructions of a poll with nothing due: it is called every few milliseconds. */
const POLL_BUDGET = { wasm2c: 250, wasm3: 2_500 } as const;
/** lwIP's own add-on, MD5 over the tuple. */
const MD5_ADD_ON = 1_438;

describeArm("the cost of an ISN on a Cortex-M3", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  it.each(["wasm2c", "wasm3"] as const)("stays within its budget over %s", async (runtime) => {
    const { figures } = await benchArm(runtime);
    const isn = figures.find(({ what }) => what === "isn4");
    expect(isn?.median).toBeGreaterThan(100);
    expect(isn?.median).toBeLessThanOrEqual(ISN_BUDGET[runtime]);
    const poll = figures.find(({ what }) => what === "poll");
    expect(poll?.median).toBeGreaterThan(20);
    expect(poll?.median).toBeLessThanOrEqual(POLL_BUDGET[runtime]);
    if (runtime === "wasm2c") expect(isn?.median).toBeLessThan(MD5_ADD_ON);
  });

  it("is the same at every run", async () => {
    const [first, second] = [await benchArm("wasm2c"), await benchArm("wasm2c")];
    const isn = (bench: typeof first) => bench.figures.find(({ what }) => what === "isn4")?.median;
    expect(isn(first)).toBe(isn(second));
  });
});
