import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { benchArm } from "../../host/boards/arm-bench.ts";
import { buildFirmware, describeArm } from "./arm-tools.ts";

/** Instructions an ISN: the goals of the kit. */
const ISN_BUDGET = { wasm2c: 450, wasm3: 6_000 } as const;
/** Instructions of a poll with nothing due: it is called every few milliseconds. */
const POLL_BUDGET = { wasm2c: 250, wasm3: 2_500 } as const;
/** Flash, and static RAM, of the whole kit with wasm3. */
const WASM3_BYTES = { flash: 48 * 1024, ram: 16 * 1024 } as const;
/** lwIP's own add-on, MD5 over the tuple. */
const MD5_ADD_ON = 1_438;

describeArm("the cost of an ISN on a Cortex-M3", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  it.each(["wasm2c", "wasm3"] as const)("stays within its budget over %s", async (runtime) => {
    const { figures } = await benchArm(runtime);
    const isn = figures.find(({ what }) => what === "isn4");
    expect(isn?.median).toBeGreaterThan(100);
    expect(isn?.median).toBeLessThanOrEqual(ISN_BUDGET[runtime]);
    // The code of everyday calls stays in wasm3's cache, whatever the connections did in between.
    const inTurn = figures.find(({ what }) => what === "isn4-in-turn");
    expect(inTurn?.median).toBeGreaterThan(100);
    expect(inTurn?.median).toBeLessThanOrEqual(2 * ISN_BUDGET[runtime]);
    const poll = figures.find(({ what }) => what === "poll");
    expect(poll?.median).toBeGreaterThan(20);
    expect(poll?.median).toBeLessThanOrEqual(POLL_BUDGET[runtime]);
    if (runtime === "wasm2c") expect(isn?.median).toBeLessThan(MD5_ADD_ON);
  });

  it("with wasm3 needs no more flash and RAM than the kit promises", () => {
    const kit = fileURLToPath(
      new URL("../../build/firmware/lm3s6965evb/libisnkit-wasm3.a", import.meta.url),
    );
    const lines = execFileSync("arm-none-eabi-size", ["-t", kit], { encoding: "utf8" });
    const [text = 0, data = 0, bss = 0] =
      lines.trim().split("\n").at(-1)?.trim().split(/\s+/).map(Number) ?? [];
    expect(text + data).toBeGreaterThan(8_192);
    expect(text + data).toBeLessThanOrEqual(WASM3_BYTES.flash);
    expect(data + bss).toBeGreaterThan(8_192);
    expect(data + bss).toBeLessThanOrEqual(WASM3_BYTES.ram);
  });

  it("is the same at every run", async () => {
    const [first, second] = [await benchArm("wasm2c"), await benchArm("wasm2c")];
    const isn = (bench: typeof first) => bench.figures.find(({ what }) => what === "isn4")?.median;
    expect(isn(first)).toBe(isn(second));
  });
});
