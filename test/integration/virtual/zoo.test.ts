import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Check, type CheckResult } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import type { Sample } from "../../../host/core/sample.ts";
import { DEFAULT_BOARD } from "../../../host/virtual/board.ts";
import { virtualBoardSamples } from "../../../host/virtual/campaign.ts";
import type { DeviceFactory } from "../../../host/virtual/device.ts";
import { isnkitDevice } from "../../../host/virtual/isnkit-device.ts";
import { SpoiledDevice } from "../../../host/virtual/zoo/device-base.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { RELEASE } from "../../support/builds.ts";

/** Members that need a rare cut at the right instant; the rest must be caught much sooner. */
const RARE = ["torn-journal"];

function samplesOf(generator: string, seed: number, reboots: number): Iterable<Sample> {
  return virtualBoardSamples({ generator, seed, reboots, wasm: RELEASE });
}

function check(samples: Iterable<Sample>): CheckResult {
  const twoMslUs = 2 * DEFAULT_BOARD.mslMs * 1000;
  const context = { twoMslUs, source: "board", ports: DEFAULT_BOARD.ports } as const;
  const run = new Check({ rules: RULES, context });
  for (const sample of samples) run.observe(sample);
  return run.finish();
}

function failedRules(result: CheckResult): string[] {
  return result.rules.filter((rule) => rule.status === "fail").map((rule) => rule.id);
}

/** Always ready, stores nothing, counts its ports. */
function stubDevice(): DeviceFactory {
  let port = 1024;
  return () => ({
    boot: () => {},
    status: () => ({ ready: true, refusing: undefined, bootCount: undefined }),
    poll: () => {},
    port: () => port++,
    isn: () => 1,
    timestamp: () => 1,
    advance: () => true,
    close: () => true,
    provision: () => true,
    provisionSelf: () => true,
    wear: () => ({ writes: 0, erasesMax: 0 }),
  });
}

describe.each(ZOO.map((member) => [member.name, member] as const))("%s", (name, member) => {
  const reboots = RARE.includes(name) ? 1000 : 100;

  it.each([1, 2, 3, 0xffff_ffff])(
    `is caught by its rules within ${reboots} reboots, seed %i`,
    (seed) => {
      const failed = failedRules(check(samplesOf(name, seed, reboots)));
      expect(failed).toEqual(expect.arrayContaining([...member.rules]));
    },
  );

  it("breaks no rule that has nothing to do with its sin", () => {
    const failed = failedRules(check(samplesOf(name, 4, 300)));
    expect(failed).not.toContain("refused");
    expect(failed).not.toContain("reboot-unproven");
    expect(failed).not.toContain("wear");
    if (name !== "no-quiet-time") expect(failed).not.toContain("quiet-time");
    const portSin = member.rules.some((rule) => rule.startsWith("port-"));
    if (!portSin) expect(failed.filter((id) => id.startsWith("port-"))).toEqual([]);
    const isnSin = member.rules.some((rule) => rule.startsWith("isn-"));
    if (!isnSin && name !== "no-quiet-time") {
      expect(failed.filter((id) => id.startsWith("isn-"))).toEqual([]);
    }
    if (isnSin) expect(failed).not.toContain("tsval-backward");
  });

  it("has a file of its own name, with a line on who does this", () => {
    const files = readdirSync(new URL("../../../host/virtual/zoo/", import.meta.url));
    expect(files).toContain(`${name}.ts`);
    expect(member.field.length).toBeGreaterThan(20);
  });
});

describe("the zoo", () => {
  it("has sixteen members with names of their own", () => {
    expect(new Set(ZOO.map((member) => member.name)).size).toBe(16);
  });

  it("gives the same stream on every machine", () => {
    // On a stub, so that only the campaign and the generator decide, not the module's build.
    const options = { generator: "fixed-seed-prng", seed: 1, reboots: 30, honest: stubDevice() };
    const stream = JSON.stringify([...virtualBoardSamples(options)]);
    const hash = createHash("sha256").update(stream).digest("hex");
    expect(hash.slice(0, 16)).toMatchInlineSnapshot(`"7c77145010afcdba"`);
  });

  it("owes its sins to what each member spoils: the base alone is as good as the honest device", () => {
    const honest: DeviceFactory = (board, settings) =>
      new SpoiledDevice(isnkitDevice(RELEASE), board, settings);
    const options = { generator: "isnkit", seed: 2, reboots: 100, wasm: RELEASE };
    expect([...virtualBoardSamples({ ...options, honest })]).toEqual([
      ...virtualBoardSamples(options),
    ]);
  });
});
