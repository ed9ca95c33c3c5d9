import { beforeAll, describe, expect, it, vi } from "vitest";
import { readIsnModule } from "../../../host/module/load.ts";
import { type Campaign, drawCase } from "../../../host/simulate/campaign.ts";
import { explainFailure } from "../../../host/simulate/explain-failure.ts";
import { whyNotOnBoard } from "../../../host/simulate/on-board/board-case.ts";
import { boardReplay } from "../../../host/simulate/on-board/board-replay.ts";
import { DEFAULT_SETTINGS } from "../../../host/simulate/settings.ts";
import type { FaultScript } from "../../../host/virtual/life-script.ts";

/** A module that has gone bad, under the name of the good one. */
vi.mock("../../../host/simulate/campaign.ts", async (original) => {
  const real = await original<typeof import("../../../host/simulate/campaign.ts")>();
  const { ZOO } = await import("../../../host/virtual/zoo/index.ts");
  const { rewoundIsnkitDevice } = await import("../../../host/virtual/isnkit-device.ts");
  const bad = ZOO.find(({ name }) => name === "rtcless-clock");
  return {
    ...real,
    deviceOf: ({ wasm }: { wasm: Uint8Array }) => bad?.factory(rewoundIsnkitDevice(wasm)),
  };
});

let campaign: Campaign;
beforeAll(async () => {
  const wasm = await readIsnModule();
  const run = { seed: 1, board: "sim", generator: "isnkit", total: 2, mode: "swarm" } as const;
  campaign = { ...run, settings: DEFAULT_SETTINGS, wasm, version: "0", flags: ["--msl", "120s"] };
});

describe("the replay of a failure on an emulated board", () => {
  it("stands beside the one in simulation", () => {
    const failure = { rule: "isn-backward", case: 1, findings: [] } as const;
    const explained = explainFailure(campaign, failure);
    const { replay, replayOnBoard, shrunk } = explained;
    expect(replay).toBe(`isnkit simulate --msl 120s --case ${shrunk?.case}`);
    expect(replayOnBoard).toBe(
      `isnkit simulate --board qemu:lm3s6965evb --msl 120s --case ${shrunk?.case}`,
    );
  });

  it("is not offered for a generator that is not in the firmware", () => {
    const bad = { ...campaign, board: "sim:rtcless-clock", generator: "rtcless-clock" };
    expect(boardReplay(bad, drawCase(bad, 1), "1")).toBeUndefined();
    expect(boardReplay(campaign, drawCase(campaign, 1), "1")).toContain("--case 1:1");
  });

  it("is not offered for faults that an EEPROM does not have, nor for ports of the device's own", () => {
    const life = drawCase(campaign, 1);
    const [boot] = life.boots;
    if (boot === undefined) throw new Error("no boots");
    const erase: FaultScript = { kind: "partial-erase" };
    const cut = { ...life, boots: [{ ...boot, faults: [erase] }] };
    const on = (kind: "nor" | "eeprom") => ({
      ...cut,
      board: { ...life.board, storage: { ...life.board.storage, kind } },
    });
    expect(whyNotOnBoard(on("nor"))).toContain("partial-erase");
    expect(boardReplay(campaign, on("nor"), "1")).toBeUndefined();
    // There the fault never strikes, in simulation as on the board.
    expect(whyNotOnBoard(on("eeprom"))).toBeUndefined();
    const [server] = life.servers;
    if (server === undefined) throw new Error("no servers");
    const bound = { ...life, servers: [{ ...server, boundPort: 1883 }] };
    expect(whyNotOnBoard(bound)).toContain("1883");
  });
});
