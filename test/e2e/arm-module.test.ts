import { afterEach, beforeAll, expect, it } from "vitest";
import { FirmwareCarrier, type ModuleCarrier, NodeCarrier } from "./arm-module-carriers.ts";
import { runScript } from "./arm-module-script.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./arm-tools.ts";

describeArm("the module on a Cortex-M3 gives the numbers that it gives in Node", () => {
  const open: ModuleCarrier[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((carrier) => carrier.dispose()));
  });

  for (const runtime of ["wasm2c", "wasm3"]) {
    for (const seed of [1, 2, 3]) {
      it(`over ${runtime}, bit for bit, storage included (script ${seed})`, async () => {
        const node = new NodeCarrier();
        const firmware = await FirmwareCarrier.open(`qemu:lm3s6965evb:${runtime}`);
        open.push(node, firmware);
        const expected = await runScript(node, seed, 120);
        const actual = await runScript(firmware, seed, 120);
        await firmware.cutPower();
        expect(actual).toEqual(expected);
        expect(Buffer.from(await firmware.storage()).equals(await node.storage())).toBe(true);
        // The script did what it is there for: numbers were given, and the device was rebooted.
        expect(expected.filter((line) => /^isn[46]\(.*= [1-9]/.test(line)).length).toBeGreaterThan(
          30,
        );
        expect(expected.filter((line) => line === "state() = 2").length).toBeGreaterThan(2);
      }, 60_000);
    }
  }

  it("leaves no emulator behind", () => {
    expect(emulatorsLeft()).toEqual([]);
  });
});
