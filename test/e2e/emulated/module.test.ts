import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, it } from "vitest";
import { STORAGE } from "../../../host/module/abi.ts";
import { FirmwareCarrier, type ModuleCarrier, NodeCarrier } from "./module-carriers.ts";
import { runScript } from "./module-script.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./tools.ts";

/** The firmware over the kit for EEPROM alone. */
const EEPROM_KIT = fileURLToPath(
  new URL("../../../build/firmware/lm3s6965evb/conformance-wasm2c-eeprom.elf", import.meta.url),
);

describeArm("the module on a Cortex-M3 gives the numbers that it gives in Node", () => {
  const open: ModuleCarrier[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((carrier) => carrier.dispose()));
  });

  const kits = [
    { kit: "wasm2c", selector: "qemu:lm3s6965evb:wasm2c", settings: {} },
    {
      kit: "wasm2c for EEPROM alone",
      selector: "qemu:lm3s6965evb:wasm2c",
      settings: { firmware: EEPROM_KIT },
    },
    { kit: "wasm3", selector: "qemu:lm3s6965evb:wasm3", settings: {} },
  ];
  for (const { kit, selector, settings } of kits) {
    for (const seed of [1, 2, 3]) {
      it(`over ${kit}, bit for bit, storage included (script ${seed})`, async () => {
        const node = new NodeCarrier();
        const firmware = await FirmwareCarrier.open(selector, settings);
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

  it.each([
    { kit: "every kind", settings: {}, taken: [1, 1, 1] },
    { kit: "EEPROM alone", settings: { firmware: EEPROM_KIT }, taken: [0, 1, 0] },
  ])("over the kit for $kit takes the storage that it is for", async ({ settings, taken }) => {
    const firmware = await FirmwareCarrier.open("qemu:lm3s6965evb:wasm2c", settings);
    open.push(firmware);
    await firmware.powerOn();
    const answers: number[] = [];
    for (const kind of [STORAGE.nor, STORAGE.eeprom, STORAGE.keyValue]) {
      answers.push(await firmware.call("configureStorage", kind, 2048, 4, 32));
    }
    expect(answers).toEqual(taken);
  });

  it("leaves no emulator behind", () => {
    expect(emulatorsLeft()).toEqual([]);
  });
});
