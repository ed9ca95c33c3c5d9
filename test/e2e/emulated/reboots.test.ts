import { randomBytes } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import type { PoweredBoard } from "../../../host/boards/powered-board.ts";
import { checkSamples } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import { BenchError } from "../../../host/core/errors.ts";
import type { Sample } from "../../../host/core/sample.ts";
import { openEmulatedBoard } from "../../../host/emulated/emulated-board.ts";
import { poweredLives } from "../../../host/emulated/powered-lives.ts";
import { rebootCampaign } from "../../../host/sources/reboot-campaign.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./tools.ts";

describeArm("a campaign of power cuts on the emulated Cortex-M3", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  async function campaign(
    selector: string,
    reboots: number,
    options: { signal?: AbortSignal; around?: (board: PoweredBoard) => PoweredBoard } = {},
  ) {
    const { board, description } = await openEmulatedBoard(selector);
    const notes: string[] = [];
    const samples = rebootCampaign({
      board: poweredLives(options.around?.(board) ?? board),
      description,
      seed: 2,
      reboots,
      nowUs: () => performance.now() * 1000,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      newKey: () => randomBytes(16),
      onNote: (note) => notes.push(note),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return { samples, notes, description };
  }

  async function verdict(samples: AsyncIterable<Sample>, ports: { first: number; last: number }) {
    return checkSamples(samples, {
      rules: RULES,
      context: { twoMslUs: 240e6, source: "board", ports: { ...ports, reserved: [[5000, 5003]] } },
    });
  }

  it.each(["wasm2c", "wasm3"])(
    "passes every rule over %s, with nothing left open",
    async (runtime) => {
      const { samples, notes, description } = await campaign(`qemu:lm3s6965evb:${runtime}`, 20);
      const result = await verdict(samples, description.ports);
      expect(result.findings).toEqual([]);
      expect(result.rules.filter(({ status }) => status !== "pass")).toEqual([]);
      expect(result.counts.boots).toBe(21);
      expect(result.counts.storageLosses).toBe(1);
      expect(notes.filter((note) => !note.includes("damaged"))).toEqual([]);
      expect(emulatorsLeft()).toEqual([]);
    },
    120_000,
  );

  it("fails when the EEPROM is rolled back at each power cut", async () => {
    const { samples, description } = await campaign("qemu:lm3s6965evb", 12, { around: rolledBack });
    const result = await verdict(samples, description.ports);
    expect(result.verdict).toBe("fail");
    const broken = result.rules.filter(({ status }) => status === "fail").map(({ id }) => id);
    expect(broken).toContain("isn-backward");
    expect(broken).toContain("port-repeats-after-boot");
    expect(broken).toContain("reboot-unproven");
  }, 60_000);

  it("stops at an abort, with the board switched off", async () => {
    const stop = new AbortController();
    const { samples } = await campaign("qemu:lm3s6965evb", 1000, { signal: stop.signal });
    let boots = 0;
    for await (const sample of samples) {
      if (sample.kind === "boot" && ++boots === 3) stop.abort();
    }
    expect(boots).toBeLessThan(6);
    expect(emulatorsLeft()).toEqual([]);
  }, 60_000);

  it("leaves nothing behind when its reader walks away", async () => {
    const { samples } = await campaign("qemu:lm3s6965evb", 1000);
    for await (const sample of samples) if (sample.kind === "open") break;
    expect(emulatorsLeft()).toEqual([]);
  }, 60_000);

  it("blames the bench when the emulator is killed from outside", async () => {
    const { samples } = await campaign("qemu:lm3s6965evb", 1000, { around: killedFromOutside });
    const error = await collect(samples).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BenchError);
    expect(error).toMatchObject({ exitCode: 3, code: "emulator-ended" });
    expect(emulatorsLeft()).toEqual([]);
  }, 60_000);

  it("names the command that installs a missing emulator", async () => {
    const path = process.env.PATH;
    process.env.PATH = "/nonexistent";
    try {
      const { samples } = await campaign("qemu:lm3s6965evb", 1);
      const error = await collect(samples).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ exitCode: 3, code: "program-missing" });
      expect((error as BenchError).next).toContain("apt-get install");
    } finally {
      process.env.PATH = path;
    }
  });
});

async function collect(samples: AsyncIterable<Sample>): Promise<Sample[]> {
  const all: Sample[] = [];
  for await (const sample of samples) all.push(sample);
  return all;
}

/** A board whose memory goes back to what it held after the first boot. */
function rolledBack(board: PoweredBoard): PoweredBoard {
  let image: Uint8Array | undefined;
  return {
    name: board.name,
    powerOn: () => board.powerOn(),
    powerOff: async () => {
      await board.powerOff();
      image ??= await board.readStorage();
      await board.replaceStorage(image);
    },
    readStorage: () => board.readStorage(),
    replaceStorage: async () => {},
    dispose: () => board.dispose(),
  };
}

/** A board whose emulator dies as soon as the third power cycle says something. */
function killedFromOutside(board: PoweredBoard): PoweredBoard {
  let cycles = 0;
  return {
    name: board.name,
    powerOn: async () => {
      const console = await board.powerOn();
      if (++cycles === 3) for (const pid of emulatorsLeft()) process.kill(Number(pid), "SIGKILL");
      return console;
    },
    powerOff: () => board.powerOff(),
    readStorage: () => board.readStorage(),
    replaceStorage: (contents) => board.replaceStorage(contents),
    dispose: () => board.dispose(),
  };
}
