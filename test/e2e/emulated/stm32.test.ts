import { beforeAll, expect, it } from "vitest";
import { STORAGE } from "../../../host/module/abi.ts";
import { FirmwareCarrier, NodeCarrier } from "./module-carriers.ts";
import { runScript } from "./module-script.ts";
import { buildFirmware, describeArm } from "./tools.ts";

const GEOMETRY = { kind: STORAGE.nor, sectorBytes: 4096, sectors: 3, granule: 4 };
const COUNTER_HZ = 10_500_000;

describeArm("the module on a Cortex-M4 (STM32F405) gives the numbers that it gives in Node", () => {
  beforeAll(() => buildFirmware("stm32f4"), 300_000);

  it.each(["wasm2c", "wasm3"])(
    "over %s, across resets of the core",
    async (runtime) => {
      const expected = await runScript(new NodeCarrier(GEOMETRY, COUNTER_HZ), 5, 120, COUNTER_HZ);
      const device = await FirmwareCarrier.open(`qemu:stm32f4:${runtime}`, { resets: true });
      try {
        expect(await runScript(device, 5, 120, COUNTER_HZ)).toEqual(expected);
      } finally {
        await device.dispose();
      }
      expect(expected.filter((line) => line === "state() = 2").length).toBeGreaterThan(2);
    },
    60_000,
  );
});
