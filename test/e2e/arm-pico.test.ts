import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { openEmulatedSource } from "../../host/boards/emulated-source.ts";
import { checkSamples } from "../../host/check/engine.ts";
import { RULES } from "../../host/check/rules/index.ts";
import { STORAGE } from "../../host/module/abi.ts";
import { FirmwareCarrier, NodeCarrier } from "./arm-module-carriers.ts";
import { runScript } from "./arm-module-script.ts";
import { buildFirmware, describeArm, requireAll } from "./arm-tools.ts";

const PACKAGE = fileURLToPath(new URL("../../node_modules/rp2040js/package.json", import.meta.url));
const NAME = "the emulated Raspberry Pi Pico";

if (!existsSync(PACKAGE) && !requireAll) {
  console.warn(`left out: ${NAME} (rp2040js is missing; run npm ci)`);
  describe.skip(NAME, () => it("needs rp2040js", () => undefined));
} else {
  describeArm(NAME, picoTests);
}

function picoTests(): void {
  beforeAll(() => buildFirmware("rpi-pico"), 300_000);

  const geometry = { kind: STORAGE.nor, sectorBytes: 4096, sectors: 4, granule: 256 };
  const counterHz = 1_000_000;

  for (const runtime of ["wasm2c", "wasm3"]) {
    it(`gives the module's numbers and its flash bit for bit over ${runtime}`, async () => {
      const node = new NodeCarrier(geometry, counterHz);
      const pico = await FirmwareCarrier.open(`rp2040js:rpi-pico:${runtime}`);
      try {
        const expected = await runScript(node, 4, 100, counterHz);
        expect(await runScript(pico, 4, 100, counterHz)).toEqual(expected);
        await pico.cutPower();
        expect(Buffer.from(await pico.storage()).equals(await node.storage())).toBe(true);
      } finally {
        await pico.dispose();
      }
    }, 120_000);
  }

  it("passes every rule over 60 reboots with power cuts inside flash writes", async () => {
    const source = await openEmulatedSource({
      selector: "rp2040js:rpi-pico",
      reboots: 60,
      seed: 3,
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      newKey: () => randomBytes(16),
    });
    const result = await checkSamples(source.samples, { rules: RULES, context: source.context });
    expect(result.findings).toEqual([]);
    expect(result.rules.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(result.counts.boots).toBe(61);
  }, 120_000);
}
