import { beforeAll, expect, it } from "vitest";
import { benchArm } from "../../host/boards/arm-bench.ts";
import { buildFirmware, describeArm } from "./arm-tools.ts";

/** Instructions an ISN: a budget that a slip would break, a little above today's figure. */
const ISN_BUDGET = { wasm2c: 800, wasm3: 9_500 } as const;
/** lwIP's own add-on, MD5 over the tuple. */
const MD5_ADD_ON = 1_438;

describeArm("the cost of an ISN on a Cortex-M3", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  it.each(["wasm2c", "wasm3"] as const)("stays within its budget over %s", async (runtime) => {
    const { figures } = await benchArm(runtime);
    const isn = figures.find(({ what }) => what === "isn4");
    expect(isn?.median).toBeGreaterThan(100);
    expect(isn?.median).toBeLessThan(ISN_BUDGET[runtime]);
    if (runtime === "wasm2c") expect(isn?.median).toBeLessThan(MD5_ADD_ON);
  });

  it("is the same at every run", async () => {
    const [first, second] = [await benchArm("wasm2c"), await benchArm("wasm2c")];
    const isn = (bench: typeof first) => bench.figures.find(({ what }) => what === "isn4")?.median;
    expect(isn(first)).toBe(isn(second));
  });
});
