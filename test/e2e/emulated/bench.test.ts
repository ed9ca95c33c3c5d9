import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { benchArm } from "../../../host/emulated/arm-bench.ts";
import { buildFirmware, describeArm } from "./tools.ts";

/** Instructions an ISN: the goals of the kit. */
const ISN_BUDGET = { wasm2c: 435, wasm3: 6_000 } as const;
/** Instructions of a poll with nothing due: it is called every few milliseconds. */
const POLL_BUDGET = { wasm2c: 250, wasm3: 2_500 } as const;
/** Flash, and static RAM, of the whole kit with wasm3. */
const WASM3_BYTES = { flash: 48 * 1024, ram: 16 * 1024 } as const;
/**
 * The same with wasm2c, by the memory that the kit is for. The compiler and the module decide it to the byte; what
 * makes the kit larger is to be seen.
 */
const WASM2C_FLASH = [
  { kit: "wasm2c", flash: 9_625 },
  { kit: "wasm2c-eeprom", flash: 9_171 },
  { kit: "wasm2c-nor", flash: 9_135 },
  { kit: "wasm2c-key_value", flash: 7_489 },
] as const;
const WASM2C_RAM = 5 * 1024;
/** lwIP's own add-on, MD5 over the tuple. */
const MD5_ADD_ON = 1_438;

/** Flash and static RAM of those objects of a kit's library whose names begin like this. */
function kitBytes(kit: string, objects: string): { flash: number; ram: number } {
  const library = fileURLToPath(
    new URL(`../../../build/firmware/lm3s6965evb/libisnkit-${kit}.a`, import.meta.url),
  );
  const lines = execFileSync("arm-none-eabi-size", [library], { encoding: "utf8" });
  let [flash, ram] = [0, 0];
  for (const line of lines.trim().split("\n").slice(1)) {
    const [text, data, bss, , , name = ""] = line.trim().split(/\s+/);
    if (!name.startsWith(objects)) continue;
    flash += Number(text) + Number(data);
    ram += Number(data) + Number(bss);
  }
  return { flash, ram };
}

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
    const { flash, ram } = kitBytes("wasm3", "");
    expect(flash).toBeGreaterThan(8_192);
    expect(flash).toBeLessThanOrEqual(WASM3_BYTES.flash);
    expect(ram).toBeGreaterThan(8_192);
    expect(ram).toBeLessThanOrEqual(WASM3_BYTES.ram);
  });

  it.each(WASM2C_FLASH)("with $kit needs at most $flash bytes of flash", (budget) => {
    // The module's bytes and its digest are there only for applications that tell them.
    const { flash, ram } = kitBytes(budget.kit, "unity");
    expect(flash).toBeGreaterThan(4_096);
    expect(flash).toBeLessThanOrEqual(budget.flash);
    expect(ram).toBeGreaterThan(4_096);
    expect(ram).toBeLessThanOrEqual(WASM2C_RAM);
  });

  it("is the same at every run", async () => {
    const [first, second] = [await benchArm("wasm2c"), await benchArm("wasm2c")];
    const isn = (bench: typeof first) => bench.figures.find(({ what }) => what === "isn4")?.median;
    expect(isn(first)).toBe(isn(second));
  });
});
